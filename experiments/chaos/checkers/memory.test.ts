import { describe, expect, it } from 'vitest';
import { memory } from './memory.ts';
import { findings, on } from './short-history.ts';

const audit = (ok: boolean, problems: string[]) => on('b', 9, { kind: 'memory-audit', domain: 'red', ok, problems });
const writer = (badPages: number[]) => on('b', 9, { kind: 'writer-checked', domain: 'red', writes: 100n, badPages });

describe('memory', () => {
  it('a sound audit and pages as they were written are sound', () => {
    expect(findings(memory, [audit(true, []), writer([])])).toEqual([]);
  });

  it('an audit that is not sound is told with its first problems', () => {
    expect(findings(memory, [audit(false, ['pfn 1 has no frame', 'pfn 2', 'pfn 3', 'pfn 4'])])).toEqual([
      'red on b: pfn 1 has no frame; pfn 2; pfn 3',
    ]);
  });

  it('pages that are not as they were written are told by their numbers', () => {
    expect(findings(memory, [writer([7, 9])])).toEqual(['red on b: pages 7, 9 are not as written']);
  });
});
