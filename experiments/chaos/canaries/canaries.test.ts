/** Every deliberate bug is found by the seed that is known to find it, by a checker that it breaks; without it all is well. */
import { describe, expect, it } from 'vitest';
import { CHECKER_NAMES } from '../checkers/checker.ts';
import type { Found } from '../found.ts';
import { themed } from '../theme.ts';
import { judgeSchedule } from '../verdict.ts';
import measured from './found.json' with { type: 'json' };
import { CANARIES, canaryNamed } from './index.ts';

const found = measured as Found[];

describe.each(found)('$canary', ({ canary, firstSeed, seeds, found: times }) => {
  it('is found within 1,000 seeds, and without it the same seed finds nothing', { timeout: 60_000 }, () => {
    expect(times).toBeGreaterThan(0);
    expect(seeds / times).toBeLessThan(1000);
    const { breaks } = canaryNamed(canary);
    const runs = breaks.includes('determinism') ? 'twice' : 'once';
    const [violation] = judgeSchedule(themed(firstSeed, { canary }), runs).violations;
    expect(breaks).toContain(violation?.checker);
    expect(judgeSchedule(themed(firstSeed, {}), runs).violations).toEqual([]);
  });
});

it('every canary was measured, and every checker has one', () => {
  expect(found.map(({ canary }) => canary)).toEqual(CANARIES.map(({ name }) => name));
  const broken = new Set(CANARIES.flatMap(({ breaks }) => breaks));
  // What `--find hang` looks for is no bug: shrink.test.ts has it found.
  expect(CHECKER_NAMES.filter((name) => name !== 'hang' && !broken.has(name))).toEqual([]);
  expect(() => canaryNamed('parrot')).toThrow(/there is no canary 'parrot'/);
});
