/** The date of XenLinux guests: K0 computes it, K1 never shows less than the largest it gave out (M1). */
import { describe, expect, it } from 'vitest';
import { oneMove } from '../one-move.ts';
import { freeze } from './freeze.ts';
import {
  created,
  findings,
  look,
  on,
  phase,
  s,
  started,
  suspended,
  UPTIME_AT_0,
  WALL_AT_0,
  withKernel,
} from './short-history.ts';

const WC = WALL_AT_0 - UPTIME_AT_0;
const published = (host: string, at: number, wc: number) =>
  on(host, at, { kind: 'wallclock-published', domain: 'red', version: 2, wcNs: s(wc) });
const born = [
  created('a', 0),
  published('a', 0, WC),
  started('a', 0, 'booted'),
  look('a', 0, { why: 'start' }),
  look('a', 4),
];
/** To b at 6 s, whose wall is 60 s behind. */
const moved = [
  ...born,
  suspended('a', 5),
  phase('b', 5.5, 'target received'),
  published('b', 5.5, WC - 60),
  started('b', 6, 'restored'),
  look('b', 6, { why: 'start', monotonic: 5, date: 1005 }),
];
const later = (at: number, date: number, monotonic = at - 1) => look('b', at, { date, monotonic });

describe('the date of K1 (xenlinux-2.6.18)', () => {
  const schedule = withKernel('xenlinux-2.6.18');

  it('stands at the largest that was given out until wc + uptime is larger', () => {
    expect(findings(freeze, [...moved, later(20, 1005), later(64, 1005), later(80, 1020)], { schedule })).toEqual([]);
  });

  it('that follows its host at once, or stands too long, is told with what M1 says', () => {
    expect(findings(freeze, [...moved, later(20, 960)], { schedule })).toEqual([
      expect.stringMatching(
        /^red \(xenlinux-2\.6\.18\): the date is 960000000000 ns; by M1 it is 1005\d+ to 1005\d+ ns$/,
      ),
    ]);
    expect(findings(freeze, [...moved, later(80, 1005)], { schedule })).toEqual([
      expect.stringContaining('by M1 it is 1020000000000 to 1020000000000 ns'),
    ]);
  });

  it('follows a settime that goes on at the next tick', () => {
    const set = [...moved, published('b', 10, WC)];
    expect(findings(freeze, [...set, later(10.02, 1005), later(20, 1020)], { schedule })).toEqual([]);
    expect(findings(freeze, [...set, later(20, 1005)], { schedule })).toHaveLength(1);
  });

  it('seen at the start was given out with the first tick, not if a settime comes before that', () => {
    const ahead = [...born, suspended('a', 5), phase('b', 5.5, 'target received'), published('b', 5.5, WC + 60)];
    const start = [started('b', 6, 'restored'), look('b', 6, { why: 'start', monotonic: 5, date: 1066 })];
    const before = [...ahead, ...start, published('b', 6.006, WC)];
    expect(findings(freeze, [...before, later(6.01, 1006.01), later(20, 1020)], { schedule })).toEqual([]);
    const after = [...ahead, ...start, published('b', 6.5, WC)];
    expect(findings(freeze, [...after, later(20, 1066)], { schedule })).toEqual([]);
    expect(findings(freeze, [...after, later(20, 1020)], { schedule })).toHaveLength(1);
  });

  it('a restore that copies wc brings the old one along', () => {
    const copying = {
      ...schedule,
      moves: oneMove([]).moves.map((move) => ({ ...move, restore: 'copy-all' as const })),
    };
    // Published by the host when the domain was built, written over by the restore, not published since.
    const order = [
      ...moved.slice(0, 6),
      published('b', 5.4, WC - 60),
      phase('b', 5.5, 'target received'),
      ...moved.slice(8),
    ];
    expect(findings(freeze, [...order, later(20, 1020)], { schedule: copying })).toEqual([]);
    expect(findings(freeze, [...order, later(20, 1020)], { schedule })).toHaveLength(1);
  });
});

describe('the date of K0 (xenlinux-2.6.18-2007)', () => {
  const schedule = withKernel('xenlinux-2.6.18-2007');

  it('is wc + uptime, also when that goes back', () => {
    expect(findings(freeze, [...moved, later(20, 960)], { schedule })).toEqual([]);
    expect(findings(freeze, [...moved, later(20, 1005)], { schedule })).toEqual([
      expect.stringContaining('by M1 it is 960000000000 to 960000000000 ns'),
    ]);
  });
});
