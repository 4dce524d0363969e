import { describe, expect, it } from 'vitest';
import { tried } from '../one-move.ts';

const cut = { kind: 'cut', atMs: 4000, host: 'a', waitsMs: 10_000, forMs: 3000 } as const;

describe('a cut', () => {
  it('at the digest aborts the move, and the guest goes on at home when the link is there again', () => {
    const { outcomes, phases, runsOn, since, violations } = tried([{ ...cut, when: { on: 'phase', phase: 'digest' } }]);
    expect(outcomes).toEqual(['confirmed: the link of a was cut at the next digest after it']);
    expect(phases).toContain('aborted');
    // The source has voted, so it has to wait until it can ask.
    expect(phases).toContain('a: in-doubt');
    expect(runsOn).toBe('a');
    expect(since).toBeGreaterThan(8);
    expect(violations).toEqual([]);
  });

  it('breaks what is open at its instant, and lets nobody through until it heals', () => {
    const { outcomes, phases } = tried([{ ...cut, when: { on: 'time' } }]);
    expect(outcomes).toEqual(['confirmed: the link of a was cut at its instant']);
    expect(phases).not.toContain('running');
  });

  it('strikes at a byte of the stream', () => {
    const { outcomes, phases } = tried([{ ...cut, when: { on: 'byte', number: 50_000 } }]);
    expect(outcomes).toEqual(['confirmed: the link of a was cut at byte 50000 after it']);
    expect(phases).toContain('aborted');
  });

  it('that waits for a message which never comes is inconclusive, and harms nobody', () => {
    const { outcomes, runsOn } = tried([{ ...cut, when: { on: 'phase', phase: 'abort' } }]);
    expect(outcomes).toEqual(['inconclusive: no such message passed the link of a']);
    expect(runsOn).toBe('b');
  });
});
