import { describe, expect, it } from 'vitest';
import { copies } from './copies.ts';
import { crashed, created, destroyed, findings, phase, started, suspended } from './short-history.ts';

const born = [created('a', 0), started('a', 0, 'booted')];
const moved = [
  suspended('a', 5),
  phase('b', 5.1, 'target received'),
  started('b', 5.2, 'restored'),
  destroyed('a', 5.3),
];

describe('copies', () => {
  it('a guest that moves and leaves nothing behind is sound', () => {
    expect(findings(copies, [...born, ...moved])).toEqual([]);
  });

  it('a guest that goes on at home is sound', () => {
    expect(findings(copies, [...born, suspended('a', 5), started('a', 6, 'resumed')])).toEqual([]);
  });

  it('two that run at once are told, once, with both hosts', () => {
    const both = [...born, phase('b', 5, 'target received'), started('b', 6, 'restored')];
    expect(findings(copies, [...both, suspended('a', 7), started('a', 8, 'resumed')])).toEqual([
      'red runs on a and on b at once',
      'red has copies on a and b at the end; one should be left',
    ]);
  });

  it('a second copy that is left over is told, also when it does not run', () => {
    const left = [...born, suspended('a', 5), phase('b', 5.1, 'target received'), started('b', 5.2, 'restored')];
    expect(findings(copies, left)).toEqual(['red has copies on a and b at the end; one should be left']);
  });

  it('a guest that is nowhere, or only paused, is told', () => {
    expect(findings(copies, [...born, suspended('a', 5), destroyed('a', 6)])).toEqual([
      'red is nowhere at the end, and no machine died with it',
    ]);
    expect(findings(copies, [...born, suspended('a', 5)])).toEqual([
      'red is paused on a at the end, and no machine died with it',
    ]);
  });

  it('a guest whose machine died is excused, one whose machine did not is not', () => {
    expect(findings(copies, [...born, crashed('a', 5)])).toEqual([]);
    expect(findings(copies, [...born, crashed('b', 5), suspended('a', 6), destroyed('a', 7)])).toEqual([
      'red is nowhere at the end, and no machine died with it',
    ]);
  });
});
