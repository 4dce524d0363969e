import { describe, expect, it } from 'vitest';
import { faults } from './faults.ts';
import { findings, told } from './short-history.ts';

const outcome = (how: 'confirmed' | 'mismatch' | 'inconclusive') =>
  told(5, { kind: 'fault', fault: 'date', number: 3, outcome: how, detail: 'the wall is elsewhere' });

describe('faults', () => {
  it('what was confirmed, or could not be, is sound', () => {
    expect(findings(faults, [outcome('confirmed'), outcome('inconclusive')])).toEqual([]);
  });

  it('a fault that did something else is told, with its number', () => {
    expect(findings(faults, [outcome('mismatch')])).toEqual(['fault 3 (date): the wall is elsewhere']);
  });
});
