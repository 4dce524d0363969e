import { describe, expect, it } from 'vitest';
import { runChaos } from './chaos-run.ts';
import { drawSchedule } from './generator.ts';
import type { Schedule } from './schedule.ts';
import { failsBy, shrink } from './shrink.ts';

/** As if a run failed whenever somebody typed `date` on host b with a step back of 1234 ms or more. */
const fakeFailure = ({ faults }: Schedule): boolean =>
  faults.some((fault) => fault.kind === 'date' && fault.host === 'b' && fault.byMs <= -1234);

const found = (): Schedule => {
  for (let seed = 1; ; seed++) {
    const schedule = drawSchedule(seed, { faults: 40 });
    if (fakeFailure(schedule)) return schedule;
  }
};

describe('shrinking', () => {
  it('leaves the one fault that matters, the one host, and the smallest step, to the millisecond', () => {
    const { schedule, thresholds, runs } = shrink(found(), fakeFailure);
    expect(schedule.faults).toMatchObject([{ kind: 'date', host: 'b', byMs: -1234, atMs: 1000 }]);
    expect([schedule.moves, schedule.guests]).toEqual([[], []]);
    expect(schedule.hosts.map(({ name }) => name)).toHaveLength(1);
    expect(thresholds).toContainEqual({ of: 'step of fault 0 (date)', clock: 'wall', value: -1234, unit: 'ms' });
    expect(runs).toBeLessThan(300);
  });

  it('never keeps a schedule that does not fail', () => {
    const kept: Schedule[] = [];
    shrink(found(), (schedule) => {
      const fails = fakeFailure(schedule);
      if (fails) kept.push(schedule);
      return fails;
    });
    expect(kept.every(fakeFailure)).toBe(true);
  });

  it('stops when it has run as many as it may', () => {
    expect(shrink(found(), fakeFailure, 5).runs).toBe(5);
  });

  it('brings a schedule of 40 faults and a real bug down to at most 3 faults', { timeout: 60_000 }, () => {
    const run = (schedule: Schedule) => runChaos(schedule).violations;
    for (let seed = 1; seed < 50; seed++) {
      const schedule = { ...drawSchedule(seed, { faults: 40 }), canary: 'abort-loses-guest' };
      if (!failsBy('copies', run)(schedule)) continue;
      const small = shrink(schedule, failsBy('copies', run));
      expect(small.schedule.faults.length).toBeLessThanOrEqual(3);
      expect(failsBy('copies', run)(small.schedule)).toBe(true);
      return;
    }
    throw new Error('no seed found the bug');
  });

  it.each([
    ['xenlinux-2.6.18', 'wall'],
    ['pvops-2.6.35', 'uptime'],
  ] as const)('finds the smallest step that hangs %s: of its %s', { timeout: 60_000 }, (kernel, clock) => {
    const run = (schedule: Schedule) => runChaos(schedule).violations;
    for (let seed = 1; seed < 50; seed++) {
      const schedule = { ...drawSchedule(seed, { kernel }), find: 'hang' } as const;
      if (!failsBy('hang', run)(schedule)) continue;
      const { thresholds } = shrink(schedule, failsBy('hang', run));
      expect(thresholds.map((threshold) => threshold.clock)).toEqual([clock]);
      return;
    }
    throw new Error('no seed hangs it');
  });
});
