import { STREAM_CREDIT_BATCHES } from '@skewbed/proto/limits.ts';
import { describe, expect, it } from 'vitest';
import { BATCHES_UNDER_WAY } from '../stream-watch.ts';
import { credit } from './credit.ts';
import { findings, on } from './short-history.ts';

const underWay = (batches: number) =>
  on('a', 5, {
    kind: 'migration',
    migration: 'm1',
    domain: 'm1',
    phase: BATCHES_UNDER_WAY,
    detail: String(batches),
  });

describe('credit', () => {
  it('as many batches as the credit are sound', () => {
    expect(findings(credit, [underWay(1), underWay(STREAM_CREDIT_BATCHES)])).toEqual([]);
  });

  it('one more is told', () => {
    expect(findings(credit, [underWay(STREAM_CREDIT_BATCHES + 1)])).toEqual([
      `m1: ${STREAM_CREDIT_BATCHES + 1} batches are under way; the credit is ${STREAM_CREDIT_BATCHES}`,
    ]);
  });
});
