import { describe, expect, it } from 'vitest';
import { tried } from '../one-move.ts';
import { departures } from './departures.ts';

const strobe = {
  kind: 'strobe',
  atMs: 10_000,
  host: 'a',
  byMs: 400,
  everyMs: 100,
  cycles: 5,
  publishes: 2,
} as const;

describe('a strobe', () => {
  it('makes the wall jump to and fro, and end where it began', () => {
    expect(departures(strobe, [10_050, 10_150, 10_250, 10_999, 11_000, 12_000]).map(([wall]) => wall)).toEqual([
      0, 400, 0, 400, 0, 0,
    ]);
  });

  it('leaves the uptime alone', () => {
    expect(departures(strobe, [10_050, 10_150, 11_000]).map(([, uptime]) => uptime)).toEqual([0, 0, 0]);
  });

  it('is published as often as it says, evenly, and read back', () => {
    const { outcomes, run } = tried([{ ...strobe, publishes: 3 }]);
    expect(outcomes).toEqual([expect.stringContaining('confirmed')]);
    const set = run.record.events.flatMap((event) =>
      event.kind === 'settime' && event.host === 'a' && event.by === 'date'
        ? [Number(event.at - run.record.origin) / 1e6]
        : [],
    );
    expect(set.slice(0, 3)).toEqual([10_250, 10_500, 10_750]);
  });
});
