import { describe, expect, it } from 'vitest';
import { hang } from './hang.ts';
import { destroyed, findings, look, on, s, suspended } from './short-history.ts';

const armed = (at: number, timer = 'sleep-1') =>
  on('a', at, { kind: 'timer-armed', domain: 'red', timer, timerKind: 'nanosleep', lengthNs: s(1) });
const back = (at: number, timer = 'sleep-1') =>
  on('a', at, { kind: 'timer-returned', domain: 'red', timer, dateNs: 0n, monotonicNs: 0n });

describe('hang', () => {
  it('a sleep of a second that takes a second, or three ticks more, is none', () => {
    expect(findings(hang, [armed(5), back(6)])).toEqual([]);
    expect(findings(hang, [armed(5), back(6.03)])).toEqual([]);
  });

  it('a sleep that comes back late is told with how late', () => {
    expect(findings(hang, [armed(5), back(6.5)])).toEqual(['a sleep of 1000000000 ns in red is 500000000 ns late']);
  });

  it('a sleep that never comes back is told by the end of the run', () => {
    expect(findings(hang, [armed(5), look('a', 16)])).toEqual([
      'a sleep of 1000000000 ns in red never came back: it is 10000000000 ns late',
    ]);
  });

  it('a sleep over which the guest is moved or lost proves nothing', () => {
    expect(findings(hang, [armed(5), suspended('a', 5.5), look('a', 16)])).toEqual([]);
    expect(findings(hang, [armed(5), destroyed('a', 5.5), look('a', 16)])).toEqual([]);
  });

  it('tells the first of several', () => {
    expect(findings(hang, [armed(5), armed(5, 'sleep-2'), back(8), back(9, 'sleep-2')])).toHaveLength(1);
  });
});
