/** When a node collects: after its start, and when a guest has left; not when one came, and not while nothing happens. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { giveBackMemory } from './give-back.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('collects once after the start and once for each time that guests have left', () => {
  let domains = 0;
  const collect = vi.fn(async () => undefined);
  const timer = giveBackMemory(() => domains, collect);
  const after = (now: number): number => {
    domains = now;
    vi.advanceTimersByTime(1000);
    return collect.mock.calls.length;
  };
  expect([0, 2, 3, 1, 1, 0, 5].map(after)).toEqual([1, 1, 1, 2, 2, 3, 3]);
  // Fifty that leave one behind the other are waited for.
  for (domains = 50; domains > 0; domains--) vi.advanceTimersByTime(100);
  expect(collect).toHaveBeenCalledTimes(3);
  expect(after(0)).toBe(4);
  clearInterval(timer);
  domains = 1;
  vi.advanceTimersByTime(1000);
  expect(after(0)).toBe(4);
});

it("finds V8's own where nobody names another", () => {
  expect(() => clearInterval(giveBackMemory(() => 0))).not.toThrow();
});
