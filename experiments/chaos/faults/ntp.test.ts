import { benchHost } from '@skewbed/model/bench-host.ts';
import { trueNs } from '@skewbed/proto/units.ts';
import { describe, expect, it } from 'vitest';
import { nsOfMs } from '../duration.ts';
import { tried } from '../one-move.ts';
import { ntp } from './ntp.ts';

const at = { kind: 'ntp', atMs: 10_000, host: 'a' } as const;

describe('ntp', () => {
  it('on: the host begins to publish its wall; off: it stops', () => {
    const host = benchHost();
    const doing = (fault: Parameters<typeof ntp.lastsMs>[0]): void => {
      if (ntp.about !== 'clock') throw new Error('ntp is about clocks');
      for (const { atMs, event } of ntp.steps(fault)) host.step(trueNs(nsOfMs(atMs)), event);
    };
    expect(host.nextDeadline()).toBeNull();
    doing({ ...at, periodMs: 2000 });
    expect(host.nextDeadline()).toBe(nsOfMs(12_000));
    doing({ ...at, atMs: 11_000, periodMs: null });
    expect(host.nextDeadline()).toBeNull();
  });

  it('publishes at its period until the quiet begins, and is read back', () => {
    const { outcomes, run } = tried([{ ...at, periodMs: 10_000 }]);
    expect(outcomes).toEqual([expect.stringContaining('confirmed')]);
    const settimes = run.record.events.flatMap((event) =>
      event.kind === 'settime' && event.by === 'ntp' ? [Number(event.at - run.record.origin) / 1e9] : [],
    );
    expect(settimes).toEqual([20, 30]);
  });
});
