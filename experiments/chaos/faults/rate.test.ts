import { describe, expect, it } from 'vitest';
import { tried } from '../one-move.ts';
import { departures } from './departures.ts';

const at = { kind: 'rate', atMs: 10_000, host: 'a' } as const;

describe('a rate', () => {
  it('makes one clock run away, which keeps what it has gained', () => {
    const fast = { ...at, clock: 'uptime', ppm: 100_000, forMs: 10_000 } as const;
    expect(departures(fast, [10_000, 15_000, 20_000, 90_000])).toEqual([
      [0, 0],
      [0, 500],
      [0, 1000],
      [0, 1000],
    ]);
  });

  it('makes one clock fall behind, the wall as well as the uptime', () => {
    for (const clock of ['wall', 'uptime'] as const) {
      const [[wall, uptime] = [0, 0]] = departures({ ...at, clock, ppm: -200_000, forMs: 5000 }, [20_000]);
      expect(clock === 'wall' ? [wall, uptime] : [uptime, wall]).toEqual([-1000, 0]);
    }
  });

  it('is read back from the host', () => {
    expect(tried([{ ...at, clock: 'uptime', ppm: 50_000, forMs: 3000 }]).outcomes).toEqual([
      expect.stringContaining('confirmed'),
    ]);
  });
});
