import { describe, expect, it } from 'vitest';
import { tried } from '../one-move.ts';

const crash = { kind: 'crash', atMs: 4000, waitsMs: 10_000, forMs: 2000 } as const;

describe('a crash', () => {
  it('of the target at a batch leaves the guest where it was; the machine boots again, without it', () => {
    const { outcomes, failures, phases, runsOn, violations, run } = tried([
      { ...crash, process: 'b', when: { on: 'phase', phase: 'batch' } },
    ]);
    expect(outcomes).toEqual(['confirmed: b died at the next batch after it']);
    expect(failures).toEqual(['b: host-crashed', 'b: guest-lost']);
    expect(phases).toContain('aborted');
    expect(runsOn).toBe('a');
    expect(violations).toEqual([]);
    const booted = run.record.events.filter((event) => event.kind === 'host-started' && event.host === 'b');
    expect(booted.map(({ at, uptimeNs }) => [Number(at - run.record.origin) / 1e9 > 7, uptimeNs])).toEqual([
      [false, expect.anything()],
      [true, expect.anything()],
    ]);
  });

  it('of the coordinator after its commit line: both sides wait, and its journal decides when it is back', () => {
    const { outcomes, phases, runsOn, since, violations } = tried([
      { ...crash, process: 'coordinator', when: { on: 'phase', phase: 'commit' } },
    ]);
    expect(outcomes).toEqual(['confirmed: coordinator died at the next commit after it']);
    expect(phases.filter((phase) => phase.endsWith('in-doubt')).sort()).toEqual(['a: in-doubt', 'b: in-doubt']);
    expect(runsOn).toBe('b');
    expect(since).toBeGreaterThan(7);
    expect(violations).toEqual([]);
  });

  it('of a process that is dead already is inconclusive', () => {
    const { outcomes } = tried([
      { ...crash, process: 'b', when: { on: 'time' } },
      { ...crash, atMs: 4500, process: 'b', when: { on: 'time' } },
    ]);
    expect(outcomes).toEqual(['confirmed: b died at its instant', 'inconclusive: b was dead already']);
  });

  it('at a message that never comes is inconclusive', () => {
    const { outcomes, failures } = tried([{ ...crash, process: 'a', when: { on: 'message', number: 100_000 } }]);
    expect(outcomes).toEqual(['inconclusive: no such message passed a link of a']);
    expect(failures).toEqual([]);
  });
});
