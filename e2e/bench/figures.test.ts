import { expect, test } from 'vitest';
import { jainIndex, ratiosOf, spreadOf, spreadText, tableText } from './figures.ts';

test('a median is the middle of what was measured, or between the two middles', () => {
  expect(spreadOf([5, 1, 3])).toEqual({ median: 3, least: 1, most: 5 });
  expect(spreadOf([4, 1, 3, 2])).toEqual({ median: 2.5, least: 1, most: 4 });
  expect(spreadOf([Number.NaN])).toBeNull();
});

test('ratios are taken round by round, so that a slow round slows both', () => {
  // The quotient of the medians would be 2 / 20.
  expect(ratiosOf([1, 2, 30], [10, 20, 30])).toEqual({ median: 0.1, least: 0.1, most: 1 });
  expect(ratiosOf([1, null, 3], [null, 2, 6])).toEqual({ median: 0.5, least: 0.5, most: 0.5 });
});

test('an index of fairness is 1 where all have the same, and 1/n where one has everything', () => {
  expect(jainIndex([3, 3, 3, 3])).toBe(1);
  expect(jainIndex([8, 0, 0, 0])).toBe(0.25);
  expect(jainIndex([1, 2])).toBeCloseTo(0.9);
});

test('tables are Markdown', () => {
  expect(spreadText(null)).toBe('-');
  expect(tableText(['a', 'b'], [['1', spreadText({ median: 1, least: 0.5, most: 2 })]])).toBe(
    '| a | b |\n| --- | --- |\n| 1 | 1.00 [0.50..2.00] |',
  );
});
