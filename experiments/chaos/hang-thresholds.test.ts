import { describe, expect, it } from 'vitest';
import { runChaos } from './chaos-run.ts';
import { BEGINNINGS, beginningOf, hangThreshold } from './hang-thresholds.ts';

const hangs = (schedule: ReturnType<typeof beginningOf>): boolean =>
  runChaos(schedule).violations.some(({ checker }) => checker === 'hang');

describe('the smallest skew that hangs a kernel', () => {
  it('is one: that much hangs it, and a millisecond less does not', () => {
    const { ms } = hangThreshold('xenlinux-2.6.18', 'date set back');
    const setBack = (byMs: number) => ({
      ...beginningOf('xenlinux-2.6.18', 'date set back'),
      faults: [{ kind: 'date', atMs: 1000, host: 'a', byMs } as const],
    });
    expect(hangs(setBack(-ms!))).toBe(true);
    expect(hangs(setBack(1 - ms!))).toBe(false);
  });

  it('is of the wall for K1, of the uptime for K2 and K4, and of nothing for the others', () => {
    const clocks = (kernel: Parameters<typeof hangThreshold>[0]) =>
      BEGINNINGS.map((beginning) => hangThreshold(kernel, beginning).clock);
    expect(clocks('xenlinux-2.6.18')).toEqual(['wall', null, 'wall']);
    expect(clocks('suse-2.6.25')).toEqual([null, 'uptime', null]);
    expect(clocks('pvops-2.6.35')).toEqual([null, 'uptime', null]);
    expect(clocks('pvops-6.12')).toEqual([null, null, null]);
  });

  it('is more than the three ticks that the look allows for, and not much more', () => {
    for (const kernel of ['xenlinux-2.6.18', 'pvops-2.6.35'] as const) {
      const found = BEGINNINGS.map((beginning) => hangThreshold(kernel, beginning)).filter(({ ms }) => ms !== null);
      for (const { ms } of found) expect(ms! > 30 && ms! < 100, `${kernel}: ${ms} ms`).toBe(true);
    }
  });
});
