import { describe, expect, it } from 'vitest';
import { tried } from '../one-move.ts';
import { departures } from './departures.ts';

const swing = {
  kind: 'periodic',
  atMs: 10_000,
  host: 'a',
  clock: 'wall',
  amplitudeMs: 200,
  periodMs: 4000,
  forMs: 8000,
} as const;

describe('a periodic fault', () => {
  it('lets the wall swing by its amplitude either way', () => {
    expect(departures(swing, [11_000, 12_000, 13_000, 18_000]).map(([wall]) => wall)).toEqual([200, 0, -200, 0]);
  });

  it('lets the uptime swing, which never goes back', () => {
    const uptime = { ...swing, clock: 'uptime', amplitudeMs: 500 } as const;
    const instants = Array.from({ length: 81 }, (_, index) => 10_000 + 100 * index);
    const offsets = departures(uptime, instants).map(([, offset]) => offset);
    expect([Math.max(...offsets), Math.min(...offsets)]).toEqual([500, -500]);
    for (const [index, offset] of offsets.slice(1).entries()) expect(offset - offsets[index]!).toBeGreaterThan(-100);
  });

  it('is read back from the host', () => {
    expect(tried([swing]).outcomes).toEqual([expect.stringContaining('confirmed')]);
  });
});
