/**
 * The recent history, numbered from 0, and those who watch it as it grows. Bounded: old events are forgotten, and a
 * reader who asks for them is told where the rest begins.
 */
import type { HistoryEvent } from '@skewbed/proto/history.ts';
import { HISTORY_KEPT_EVENTS } from '@skewbed/proto/limits.ts';

/** Consecutive events; `first` is the number of the first. */
export type HistoryPage = { readonly first: number; readonly events: readonly HistoryEvent[]; readonly next: number };

export class HistoryLog {
  readonly #most: number;
  readonly #watchers = new Set<(page: HistoryPage) => void>();
  #events: HistoryEvent[] = [];
  /** The number of #events[0]. */
  #first = 0;

  constructor(most: number = HISTORY_KEPT_EVENTS) {
    this.#most = most;
  }

  append(events: readonly HistoryEvent[]): void {
    const first = this.#first + this.#events.length;
    for (const event of events) this.#events.push(event);
    // Half at a time: forgetting one by one would move the whole array for each event.
    if (this.#events.length > this.#most + this.#most / 2) {
      const excess = this.#events.length - this.#most;
      this.#events = this.#events.slice(excess);
      this.#first += excess;
    }
    const page = { first, events, next: first + events.length };
    for (const watcher of [...this.#watchers]) watcher(page);
  }

  /** Up to `most` events from number `from`, or from the oldest that is kept. */
  page(from: number, most: number): HistoryPage {
    const first = Math.min(Math.max(from, this.#first), this.next);
    const events = this.#events.slice(first - this.#first, first - this.#first + most);
    return { first, events, next: first + events.length };
  }

  /** The number of the event that comes next. */
  get next(): number {
    return this.#first + this.#events.length;
  }

  /** Calls `watcher` with what is appended from now on. Returns what ends that. */
  watch(watcher: (page: HistoryPage) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }
}
