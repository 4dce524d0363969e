/**
 * Deadlines in order: by time, and at one time in the order in which they were set. Both the simulator and the live
 * timers stand on it, so that ties are decided in the same way everywhere.
 *
 * A four-ary heap. Times are bigint; comparing doubles is several times faster, and Number(bigint) never changes the
 * order of two different values other than making them equal, so the double decides first and the bigint only ties.
 * Cancelled entries stay until they come up or are the greater part of the heap.
 */

/** One entry. `fire` is null once it was cancelled or taken out. */
export interface QueuedEvent {
  readonly at: bigint;
  /** Takes it out of the queue. No effect when it was taken out already. */
  cancel(): void;
}

const ARITY = 4;
/** Below this many cancelled entries sweeping costs more than it saves. */
const SWEEP_FROM = 64;

class Entry implements QueuedEvent {
  at: bigint;
  key: number;
  readonly sequence: number;
  fire: (() => void) | null;
  readonly #queue: EventQueue;

  constructor(queue: EventQueue, at: bigint, sequence: number, fire: () => void) {
    this.#queue = queue;
    this.at = at;
    this.key = Number(at);
    this.sequence = sequence;
    this.fire = fire;
  }

  cancel(): void {
    if (this.fire === null) return;
    this.fire = null;
    this.#queue.noteCancelled();
  }
}

/** What came up: its time and what to call. */
export type DueEvent = { readonly at: bigint; readonly fire: () => void };

export class EventQueue {
  #heap: Entry[] = [];
  #sequence = 0;
  #cancelled = 0;

  /** Entries which have neither come up nor been cancelled. */
  get size(): number {
    return this.#heap.length - this.#cancelled;
  }

  /** Adds one entry behind all others of the same time. */
  push(at: bigint, fire: () => void): QueuedEvent {
    const entry = new Entry(this, at, this.#sequence++, fire);
    this.#heap.push(entry);
    this.#rise(this.#heap.length - 1);
    return entry;
  }

  /** The time of the first entry; null when there is none. */
  nextAt(): bigint | null {
    this.#dropCancelledHead();
    return this.#heap[0]?.at ?? null;
  }

  /** Takes out the first entry; null when there is none, or when it is later than `notAfter`. */
  pop(notAfter: bigint | null): DueEvent | null {
    this.#dropCancelledHead();
    const head = this.#heap[0];
    if (head === undefined || head.fire === null || (notAfter !== null && head.at > notAfter)) return null;
    const fire = head.fire;
    head.fire = null;
    this.#removeHead();
    return { at: head.at, fire };
  }

  /** Moves every entry by the same amount: somebody has found out that the clock was wrong by so much. */
  shift(byNs: bigint): void {
    const kept = this.#heap.filter((entry) => entry.fire !== null).sort((a, b) => (before(a, b) ? -1 : 1));
    // The entry object is what its owner cancels, so it stays the same object.
    for (const entry of kept) {
      entry.at += byNs;
      entry.key = Number(entry.at);
    }
    this.#heap = kept;
    this.#cancelled = 0;
  }

  /** For Entry alone. */
  noteCancelled(): void {
    this.#cancelled++;
    if (this.#cancelled >= SWEEP_FROM && this.#cancelled * 2 > this.#heap.length) this.#sweep();
  }

  #sweep(): void {
    this.#heap = this.#heap.filter((entry) => entry.fire !== null);
    this.#cancelled = 0;
    for (let i = Math.floor((this.#heap.length - 2) / ARITY); i >= 0; i--) this.#sink(i);
  }

  #dropCancelledHead(): void {
    while (this.#heap.length > 0 && this.#heap[0]?.fire === null) {
      this.#removeHead();
      this.#cancelled--;
    }
  }

  #removeHead(): void {
    const last = this.#heap.pop();
    if (last !== undefined && this.#heap.length > 0) {
      this.#heap[0] = last;
      this.#sink(0);
    }
  }

  #rise(from: number): void {
    const heap = this.#heap;
    const entry = heap[from] as Entry;
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 2;
      const above = heap[parent] as Entry;
      if (!before(entry, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = entry;
  }

  #sink(from: number): void {
    const heap = this.#heap;
    const entry = heap[from] as Entry;
    const length = heap.length;
    let at = from;
    for (;;) {
      const first = at * ARITY + 1;
      if (first >= length) break;
      let least = first;
      let child = heap[first] as Entry;
      const end = Math.min(first + ARITY, length);
      for (let i = first + 1; i < end; i++) {
        const other = heap[i] as Entry;
        if (before(other, child)) {
          child = other;
          least = i;
        }
      }
      if (!before(child, entry)) break;
      heap[at] = child;
      at = least;
    }
    heap[at] = entry;
  }
}

function before(a: Entry, b: Entry): boolean {
  if (a.key !== b.key) return a.key < b.key;
  if (a.at !== b.at) return a.at < b.at;
  return a.sequence < b.sequence;
}
