import { describe, expect, it } from 'vitest';
import { tried } from '../one-move.ts';

const pause = { kind: 'pause', atMs: 4000, forMs: 3000 } as const;

describe('a pause', () => {
  it('of the source over its stop: it comes to the order when the instant is long past, and refuses', () => {
    const { outcomes, phases, runsOn, violations } = tried([{ ...pause, process: 'a' }]);
    expect(outcomes).toEqual(['confirmed: a stood for 3000 ms']);
    expect(phases).toContain('aborted');
    expect(phases).not.toContain('a: source suspended');
    expect(runsOn).toBe('a');
    expect(violations).toEqual([]);
  });

  it('before anything happens is noticed by nobody', () => {
    const { outcomes, runsOn, since } = tried([{ ...pause, atMs: 1000, process: 'coordinator' }]);
    expect(outcomes).toEqual(['confirmed: coordinator stood for 3000 ms']);
    expect([runsOn, since]).toEqual(['b', 5.1]);
  });

  it('of a process that is dead is inconclusive', () => {
    const died = { kind: 'crash', atMs: 3000, process: 'b', when: { on: 'time' }, waitsMs: 1, forMs: 2000 } as const;
    expect(tried([died, { ...pause, process: 'b' }]).outcomes).toContain('inconclusive: b was dead already');
  });
});
