import { describe, expect, it } from 'vitest';
import { tried } from '../one-move.ts';
import { departures } from './departures.ts';

const at = { kind: 'step', atMs: 10_000, host: 'a' } as const;

describe('a step', () => {
  it('makes one clock leap, and the other not', () => {
    expect(departures({ ...at, clock: 'wall', byMs: -500 }, [9999, 10_000, 20_000])).toEqual([
      [0, 0],
      [-500, 0],
      [-500, 0],
    ]);
    expect(departures({ ...at, clock: 'uptime', byMs: 500 }, [9999, 10_000])).toEqual([
      [0, 0],
      [0, 500],
    ]);
  });

  it('of a wall is told to no guest', () => {
    const { outcomes, run } = tried([{ ...at, clock: 'wall', byMs: -500 }]);
    expect(outcomes).toEqual([expect.stringMatching(/^confirmed: wall \d+ ns, uptime \d+ ns$/)]);
    const published = run.record.events.filter(({ kind, at: when, host }) => {
      return kind === 'wallclock-published' && host === 'a' && when >= run.record.origin + 10_000_000_000n;
    });
    expect(published).toEqual([]);
  });

  it('that would take an uptime back is refused: no machine does that', () => {
    expect(() => tried([{ ...at, clock: 'uptime', byMs: -500 }])).toThrow(/sets the uptime back/);
  });
});
