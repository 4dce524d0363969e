import { describe, expect, it } from 'vitest';
import { tried } from '../one-move.ts';
import { departures } from './departures.ts';

const set = { kind: 'date', atMs: 2000, host: 'a', byMs: -7000 } as const;

describe('a date', () => {
  it('sets the wall, which stays so', () => {
    expect(departures(set, [1999, 2000, 20_000])).toEqual([
      [0, 0],
      [-7000, 0],
      [-7000, 0],
    ]);
  });

  it('is published to the guests of the host, and read back', () => {
    const { outcomes, run } = tried([set]);
    expect(outcomes).toEqual([expect.stringContaining('confirmed')]);
    const at = run.record.origin + 2_000_000_000n;
    expect(run.record.events.filter((event) => event.at === at).map(({ kind, host }) => [host, kind])).toContainEqual([
      'a',
      'wallclock-published',
    ]);
  });

  it('of a host that has died is inconclusive', () => {
    const { outcomes } = tried([
      { kind: 'crash', atMs: 1000, process: 'a', when: { on: 'time' }, waitsMs: 1000, forMs: 500 },
      set,
    ]);
    expect(outcomes).toContain('inconclusive: host a died before');
  });
});
