import { describe, expect, it } from 'vitest';
import { digest } from './digest.ts';
import { findings, on } from './short-history.ts';

const of = (side: 'source' | 'target', at: number, sha256: string, migration = 'm1') =>
  on(side === 'source' ? 'a' : 'b', at, { kind: 'memory-digest', migration, side, sha256, pages: 256 });
const [one, other] = ['1'.repeat(64), '2'.repeat(64)];

describe('digest', () => {
  it('equal ones are sound, whoever is first, and so is one alone', () => {
    expect(findings(digest, [of('source', 5, one), of('target', 6, one)])).toEqual([]);
    expect(findings(digest, [of('target', 5, one), of('source', 6, one)])).toEqual([]);
    expect(findings(digest, [of('source', 5, one)])).toEqual([]);
  });

  it('different ones are told with both, in either order', () => {
    const told = "m1: the source's memory is 111111111111, the target's 222222222222";
    expect(findings(digest, [of('source', 5, one), of('target', 6, other)])).toEqual([told]);
    expect(findings(digest, [of('target', 5, other), of('source', 6, one)])).toEqual([told]);
  });

  it('each migration is compared with itself', () => {
    expect(findings(digest, [of('source', 5, one, 'm1'), of('target', 6, other, 'm2')])).toEqual([]);
  });
});
