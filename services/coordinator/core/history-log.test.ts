import type { HistoryEvent } from '@skewbed/proto/history.ts';
import { trueNs } from '@skewbed/proto/units.ts';
import { describe, expect, it } from 'vitest';
import { HistoryLog, type HistoryPage } from './history-log.ts';

const events = (from: number, count: number): HistoryEvent[] =>
  Array.from({ length: count }, (_, index) => ({ at: trueNs(BigInt(from + index)), kind: 'loop-delay', maxNs: 0n }));
const numbers = ({ events: listed }: HistoryPage) => listed.map(({ at }) => Number(at));

describe('the recent history', () => {
  it('is numbered from 0 and read page by page', () => {
    const log = new HistoryLog();
    log.append(events(0, 5));
    expect(numbers(log.page(1, 2))).toEqual([1, 2]);
    expect(log.page(1, 2)).toMatchObject({ first: 1, next: 3 });
    expect(log.page(9, 2)).toMatchObject({ first: 5, events: [], next: 5 });
  });

  it('forgets the oldest when there are too many, and says where it begins', () => {
    const log = new HistoryLog(10);
    for (let from = 0; from < 100; from += 2) log.append(events(from, 2));
    const page = log.page(0, 1000);
    expect(page.first).toBeGreaterThan(80);
    expect(numbers(page)[0]).toBe(page.first);
    expect(page.events.length).toBeLessThanOrEqual(15);
    expect(log.next).toBe(100);
  });

  it('is told to watchers as it grows, until they go', () => {
    const log = new HistoryLog();
    const seen: number[] = [];
    const end = log.watch((page) => seen.push(page.first, ...numbers(page)));
    log.append(events(0, 2));
    end();
    log.append(events(2, 1));
    expect(seen).toEqual([0, 0, 1]);
  });
});
