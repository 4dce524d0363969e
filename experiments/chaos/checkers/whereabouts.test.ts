import { describe, expect, it } from 'vitest';
import { crashed, created, destroyed, on, phase, started, suspended } from './short-history.ts';
import { Whereabouts } from './whereabouts.ts';

const after = (...events: Parameters<Whereabouts['take']>[0][]): [string[], string[]] => {
  const whereabouts = new Whereabouts();
  for (const event of events) whereabouts.take(event);
  return [whereabouts.on('red'), whereabouts.runningOn('red')];
};
const born = [created('a', 0), started('a', 0, 'booted')] as const;

describe('whereabouts', () => {
  it('follow a guest through a move', () => {
    expect(after(created('a', 0))).toEqual([['a'], []]);
    expect(after(...born)).toEqual([['a'], ['a']]);
    const received = [...born, suspended('a', 5), phase('b', 5.1, 'target received')] as const;
    expect(after(...received)).toEqual([['a', 'b'], []]);
    expect(after(...received, started('b', 5.2, 'restored'))).toEqual([['a', 'b'], ['b']]);
    expect(after(...received, started('b', 5.2, 'restored'), destroyed('a', 5.3))).toEqual([['b'], ['b']]);
  });

  it('lose what was on a machine that crashed, or that has just booted', () => {
    expect(after(...born, crashed('a', 5))).toEqual([[], []]);
    const booted = on('a', 5, { kind: 'host-started', wallSkew: '+0s', uptimeSkew: '+0s', ntp: 'off' });
    expect(after(...born, booted)).toEqual([[], []]);
    expect(after(...born, crashed('b', 5))).toEqual([['a'], ['a']]);
  });
});
