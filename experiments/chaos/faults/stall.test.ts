import { describe, expect, it } from 'vitest';
import { tried } from '../one-move.ts';

const stall = { kind: 'stall', atMs: 4990, host: 'b' } as const;

describe('a stall', () => {
  it('longer than the keep-alive makes both sides give up: the guest goes on at home', () => {
    const { outcomes, phases, runsOn, since, failures } = tried([{ ...stall, forMs: 20_000 }]);
    expect(outcomes).toEqual(['confirmed: the link of b was silent for 20000 ms']);
    expect(phases).toContain('aborted');
    expect(runsOn).toBe('a');
    // 15 s of silence, not 20.
    expect(since).toBeCloseTo(19.99, 1);
    expect(failures).toEqual([]);
  });

  it('shorter than that holds everything up, and then all of it arrives', () => {
    const { outcomes, phases, runsOn, since } = tried([{ ...stall, forMs: 5000 }]);
    expect(outcomes).toEqual(['confirmed: the link of b was silent for 5000 ms']);
    expect(phases).toContain('running');
    expect(runsOn).toBe('b');
    expect(since).toBeGreaterThan(9.99);
  });
});
