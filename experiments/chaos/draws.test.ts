import { SeededRandom } from '@skewbed/runtime/random.ts';
import { expect, test } from 'vitest';
import { between, bumpMs, chance, eitherSign, pick, powerMs, weighted } from './draws.ts';

const draws = <T>(draw: (random: SeededRandom) => T): T[] => {
  const random = new SeededRandom(1, 'draws');
  return Array.from({ length: 2000 }, () => draw(random));
};

test("a bump is Jepsen's: from 11 ms to 288 s, as many small ones as large ones", () => {
  const bumps = draws(bumpMs);
  expect(Math.min(...bumps)).toBeGreaterThanOrEqual(11);
  expect(Math.max(...bumps)).toBeLessThanOrEqual(288_000);
  expect(bumps.filter((ms) => ms < 1.5 ** 18.5).length / bumps.length).toBeCloseTo(0.5, 1);
});

test('weights are kept, and what weighs nothing never comes', () => {
  const drawn = draws((random) =>
    weighted(random, [
      ['often', 3],
      ['seldom', 1],
      ['never', 0],
    ] as const),
  );
  expect(drawn.filter((word) => word === 'often').length / drawn.length).toBeCloseTo(0.75, 1);
  expect(drawn).not.toContain('never');
});

test('every end of a range is drawn, and nothing beyond it', () => {
  expect(new Set(draws((random) => between(random, 2, 4)))).toEqual(new Set([2, 3, 4]));
  expect(new Set(draws((random) => pick(random, ['a', 'b'])))).toEqual(new Set(['a', 'b']));
  expect(new Set(draws((random) => eitherSign(random, 5)))).toEqual(new Set([5, -5]));
  const powers = draws((random) => powerMs(random, { base: 2, from: 0, span: 3 }));
  expect(Math.min(...powers)).toBe(1);
  expect(Math.max(...powers)).toBe(8);
  expect(draws((random) => chance(random, 0))).not.toContain(true);
});
