import { trueNs } from '@skewbed/proto/units.ts';
import { describe, expect, it } from 'vitest';
import { Fence } from './fence.ts';

const JOURNAL = trueNs(7n);
const stale = expect.objectContaining({ code: 'stale-epoch' });

describe('a fence', () => {
  it('takes the same epoch again, and a greater one', () => {
    const fence = new Fence();
    fence.welcome({ epoch: 3, journal: JOURNAL }, ['m1']);
    fence.admit(3);
    fence.welcome({ epoch: 4, journal: JOURNAL }, ['m1']);
    fence.admit(4);
  });

  it('refuses orders and coordinators of a smaller epoch', () => {
    const fence = new Fence();
    fence.welcome({ epoch: 3, journal: JOURNAL }, []);
    expect(() => fence.admit(2)).toThrow(stale);
    expect(() => fence.welcome({ epoch: 2, journal: JOURNAL }, [])).toThrow(stale);
    fence.admit(3);
  });

  it('follows another journal, whatever its epoch, only while nothing hangs on the old one', () => {
    const fence = new Fence();
    fence.welcome({ epoch: 3, journal: JOURNAL }, []);
    const other = { epoch: 1, journal: trueNs(8n) };
    expect(() => fence.welcome(other, ['m1'])).toThrow(stale);
    expect(() => fence.welcome(other, ['m1'])).toThrow(/m1 voted.*skewbed resolve/);
    fence.welcome(other, []);
    fence.admit(1);
  });
});
