/** What the lanes say of a run: on the run with one move, undisturbed and disturbed. */
import { describe, expect, it } from 'vitest';
import { crashed, started } from '../checkers/short-history.ts';
import { oneMove, tried } from '../one-move.ts';
import { lanesOf, withLosses } from './lanes.ts';

const lanesOfRun = (...args: Parameters<typeof tried>) => {
  const { run } = tried(...args);
  return lanesOf(run.record, run.violations);
};
const laneNamed = (lanes: ReturnType<typeof lanesOf>, name: string) => lanes.lanes.find((lane) => lane.name === name)!;

describe('the lanes of a run', () => {
  it('show the guest on a until its stop, on b from its start, and the move between', () => {
    const lanes = lanesOfRun([]);
    expect(lanes.lanes.map(({ name }) => name)).toEqual(['a', 'b', 'coordinator']);
    expect(laneNamed(lanes, 'a').bars).toEqual([{ guest: 'red', fromMs: 0, toMs: 5000 }]);
    expect(laneNamed(lanes, 'b').bars).toEqual([{ guest: 'red', fromMs: 5100, toMs: lanes.toMs }]);
    expect(lanes.moves).toMatchObject([
      { migration: 'm1', from: 'a', to: 'b', stoppedMs: 5000, ranMs: 5100, ended: 'running' },
    ]);
  });

  it('leave the long quiet out, and say how much that is', () => {
    const { toMs, quietMs } = lanesOfRun([]);
    expect(toMs).toBeLessThan(60_000);
    expect(quietMs).toBeGreaterThan(120_000);
  });

  it('show a move that was given up without an arrival', () => {
    const { moves } = lanesOfRun([{ kind: 'corruption', atMs: 4000, host: 'a', frame: 1, waitsMs: 10_000 }]);
    expect(moves).toMatchObject([{ ended: 'aborted', ranMs: null, stoppedMs: 5000 }]);
    expect(moves[0]?.detail).toContain('checksum');
  });

  it('show a machine that died until it boots, and nothing on it meanwhile', () => {
    const died = { kind: 'crash', atMs: 3000, process: 'a', when: { on: 'time' }, waitsMs: 1, forMs: 2000 } as const;
    const lane = laneNamed(lanesOfRun([died]), 'a');
    expect(lane.dead).toEqual([{ fromMs: 3000, toMs: expect.closeTo(5000, -2) }]);
    expect(lane.bars).toEqual([{ guest: 'red', fromMs: 0, toMs: 3000 }]);
  });

  it('show a fault where it struck, not where it began to wait, and how it was read back', () => {
    const cut = { kind: 'cut', atMs: 4000, host: 'a', waitsMs: 10_000, forMs: 3000 } as const;
    const at = (phase: 'digest' | 'abort') =>
      laneNamed(lanesOfRun([{ ...cut, when: { on: 'phase', phase } }]), 'a').faults;
    expect(at('digest')).toMatchObject([{ fromMs: 5000, toMs: 8000, outcome: 'confirmed' }]);
    expect(at('abort')).toMatchObject([{ fromMs: 4000, toMs: 17_000, outcome: 'inconclusive' }]);
  });

  it('show what was found, by number; what was found at the end at the end of the picture', () => {
    const lanes = lanesOfRun([{ kind: 'corruption', atMs: 4000, host: 'a', frame: 1, waitsMs: 10_000 }], {
      canary: 'abort-loses-guest',
    });
    expect(lanes.violations.map(({ number, checker }) => [number, checker])).toEqual([
      [1, 'copies'],
      [2, 'journal'],
    ]);
    expect(lanes.violations[0]?.atMs).toBe(lanes.toMs);
    expect(lanes.violations[1]?.atMs).toBeLessThan(6000);
  });

  it('of a schedule with nothing in it are there all the same', () => {
    const empty = oneMove([], { moves: [], guests: [] });
    const { run } = tried([], empty);
    expect(lanesOf(run.record, []).moves).toEqual([]);
  });
});

it('what ran on a machine that dies ends there, and nothing else does', () => {
  const told = withLosses([started('a', 0, 'booted'), crashed('b', 1), crashed('a', 2)]);
  expect(told.map(({ kind, host }) => [kind, host])).toEqual([
    ['guest-started', 'a'],
    ['failure', 'b'],
    ['failure', 'a'],
    ['domain-destroyed', 'a'],
  ]);
});
