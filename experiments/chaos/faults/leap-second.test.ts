import { describe, expect, it } from 'vitest';
import { tried } from '../one-move.ts';
import { departures } from './departures.ts';

const leap = { kind: 'leap-second', atMs: 10_000, host: 'a' } as const;

describe('a leap second', () => {
  it('that is inserted takes the wall back by a second, one that is deleted takes it on', () => {
    expect(departures({ ...leap, second: 'inserted' }, [9999, 10_000])).toEqual([
      [0, 0],
      [-1000, 0],
    ]);
    expect(departures({ ...leap, second: 'deleted' }, [10_000])).toEqual([[1000, 0]]);
  });

  it("is dom0's ntp setting the clock, and is read back", () => {
    const { outcomes, run } = tried([{ ...leap, second: 'inserted' }]);
    expect(outcomes).toEqual([expect.stringContaining('confirmed')]);
    const settimes = run.record.events.filter((event) => event.kind === 'settime' && event.by === 'ntp');
    expect(settimes).toMatchObject([{ host: 'a', steppedNs: -1_000_000_000n }]);
  });
});
