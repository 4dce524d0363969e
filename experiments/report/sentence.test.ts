import { describe, expect, it } from 'vitest';
import type { ReportedResult } from './reported-result.ts';
import { causeSentence, toneOf, verdictSentence } from './sentence.ts';

function resultWith(parts: Partial<ReportedResult>): ReportedResult {
  return {
    scenario: 's',
    testbed: 'sim',
    seed: 1,
    scale: 1,
    kernel: 'k',
    restore: 'fields-2007',
    patches: [],
    fault: 'confirmed',
    verdict: 'healthy',
    also: [],
    mechanism: 'none',
    evidence: [],
    probes: {},
    sleeps: [],
    downtime: null,
    historySha256: '',
    replay: '',
    ...parts,
  };
}

describe('the sentence', () => {
  it('calls a healthy guest healthy, and adds what is odd', () => {
    const sentence = verdictSentence(resultWith({ also: ['wallclock-wrong'] }));
    expect(sentence).toBe(
      'The guest is healthy: a sleep of one second took one second, and its date never stood still; but its date is wrong, though it runs.',
    );
  });

  it('names the worst symptom of a freeze', () => {
    const dateOnly = { newSleep: { late: 0 }, date: { stuckFor: 60 } };
    expect(verdictSentence(resultWith({ verdict: 'frozen', probes: dateOnly }))).toContain(
      'its date stood still for 60 s',
    );
    const never = { newSleep: { late: null } };
    expect(verdictSentence(resultWith({ verdict: 'frozen', probes: never }))).toContain('never came back');
  });

  it('says first that a run proves nothing when its clocks were not confirmed', () => {
    const doubtful = resultWith({ fault: 'inconclusive' });
    expect(verdictSentence(doubtful)).toMatch(/^This run proves nothing: /);
    expect(toneOf(doubtful)).toBe('doubtful');
    expect(toneOf(resultWith({}))).toBe('good');
    expect(toneOf(resultWith({ verdict: 'lost' }))).toBe('bad');
  });

  it('says when a held variable was not freed', () => {
    const evidence = [{ variable: 'cs_last', holds: '5.000', waitsOn: 'uptime of b', freedAfter: null }];
    expect(causeSentence(resultWith({ evidence }))).toBe(
      'cs_last holds 5.000 and waits for the uptime of b to get there. It did not get there within this run.',
    );
  });

  it.each(['late-timers', 'monotonic-violation', 'split-brain', 'lost', 'memory-mismatch', 'unknown'])(
    'has words for %s',
    (verdict) => {
      expect(verdictSentence(resultWith({ verdict }))).not.toContain('The verdict is');
    },
  );
});
