/** What each fault of a clock does to a real host, read from its clocks. */
import { benchHost } from '@skewbed/model/bench-host.ts';
import { NS_PER_MS, trueNs } from '@skewbed/proto/units.ts';
import { describe, expect, it } from 'vitest';
import { nsOfMs } from '../duration.ts';
import { type Fault, kindOf } from './index.ts';

const MS = NS_PER_MS;

/** How far wall and uptime are from where an undisturbed host has them, in ms, at these instants in ms. */
function departures(fault: Fault, atMs: readonly number[]): readonly (readonly [wall: number, uptime: number])[] {
  const [host, twin] = [benchHost(), benchHost()];
  const kind = kindOf(fault);
  const steps = kind.about === 'clock' ? [...kind.steps(fault)] : [];
  return atMs.map((ms) => {
    for (let next = steps[0]; next !== undefined && next.atMs <= ms; next = steps[0]) {
      host.step(trueNs(nsOfMs(next.atMs)), next.event);
      steps.shift();
    }
    const at = trueNs(nsOfMs(ms));
    const [is, was] = [host.clocksAt(at), twin.clocksAt(at)];
    return [Number((is.wallNs - was.wallNs) / MS), Number((is.uptimeNs - was.uptimeNs) / MS)];
  });
}

const at = { atMs: 10_000, host: 'a' } as const;

describe('faults of clocks', () => {
  it('step: one clock leaps, the other does not', () => {
    expect(departures({ kind: 'step', ...at, clock: 'wall', byMs: -500 }, [9999, 10_000, 20_000])).toEqual([
      [0, 0],
      [-500, 0],
      [-500, 0],
    ]);
    expect(departures({ kind: 'step', ...at, clock: 'uptime', byMs: 500 }, [9999, 10_000])).toEqual([
      [0, 0],
      [0, 500],
    ]);
  });

  it('rate: one clock runs away, and keeps what it has gained', () => {
    const fast = { kind: 'rate', ...at, clock: 'uptime', ppm: 100_000, forMs: 10_000 } as const;
    expect(departures(fast, [10_000, 15_000, 20_000, 90_000])).toEqual([
      [0, 0],
      [0, 500],
      [0, 1000],
      [0, 1000],
    ]);
  });

  it('strobe: the wall jumps to and fro, and ends where it began', () => {
    const strobe = { kind: 'strobe', ...at, byMs: 400, everyMs: 100, cycles: 5, publishes: 2 } as const;
    expect(departures(strobe, [10_050, 10_150, 10_250, 10_999, 11_000, 12_000]).map(([wall]) => wall)).toEqual([
      0, 400, 0, 400, 0, 0,
    ]);
  });

  it('periodic: the wall swings by its amplitude either way', () => {
    const swing = { kind: 'periodic', ...at, clock: 'wall', amplitudeMs: 200, periodMs: 4000, forMs: 8000 } as const;
    expect(departures(swing, [11_000, 12_000, 13_000, 18_000]).map(([wall]) => wall)).toEqual([200, 0, -200, 0]);
  });

  it('date and leap second: the wall is set, and stays so', () => {
    expect(departures({ kind: 'date', ...at, byMs: -7000 }, [10_000, 20_000])).toEqual([
      [-7000, 0],
      [-7000, 0],
    ]);
    expect(departures({ kind: 'leap-second', ...at, second: 'inserted' }, [10_000])).toEqual([[-1000, 0]]);
    expect(departures({ kind: 'leap-second', ...at, second: 'deleted' }, [10_000])).toEqual([[1000, 0]]);
  });

  it('ntp: a host begins to publish its wall, or stops', () => {
    const host = benchHost();
    const [on] = kindOf({ kind: 'ntp' }).about === 'clock' ? [kindOf({ kind: 'ntp' })] : [];
    if (on?.about !== 'clock') throw new Error('ntp is about clocks');
    for (const { atMs, event } of on.steps({ kind: 'ntp', ...at, periodMs: 2000 }))
      host.step(trueNs(nsOfMs(atMs)), event);
    expect(host.nextDeadline()).toBe(nsOfMs(12_000));
    for (const { atMs, event } of on.steps({ kind: 'ntp', ...at, atMs: 11_000, periodMs: null }))
      host.step(trueNs(nsOfMs(atMs)), event);
    expect(host.nextDeadline()).toBeNull();
  });
});
