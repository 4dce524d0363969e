/** When a node collects: when guests have left and no more do; not when one came, and not while nothing happens. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { giveBackMemory } from './give-back.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('collects once for each time that guests have left', () => {
  let domains = 0;
  const collect = vi.fn();
  const timer = giveBackMemory(() => domains, collect);
  const after = (now: number): number => {
    domains = now;
    vi.advanceTimersByTime(1000);
    return collect.mock.calls.length;
  };
  expect([0, 2, 3, 1, 1, 0, 5].map(after)).toEqual([0, 0, 0, 1, 1, 2, 2]);
  // Fifty that leave one behind the other are waited for.
  for (domains = 50; domains > 0; domains--) vi.advanceTimersByTime(100);
  expect(collect).toHaveBeenCalledTimes(2);
  expect(after(0)).toBe(3);
  clearInterval(timer);
  domains = 1;
  vi.advanceTimersByTime(1000);
  expect(after(0)).toBe(3);
});
