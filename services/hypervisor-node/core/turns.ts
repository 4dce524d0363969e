/**
 * Whose turn it is to send, among the streams of one node: one batch in each turn of the event loop, in a circle, and the
 * streams of guests that stand still before those of guests that run. Without it fifty streams would each work through
 * their credit in one go, 400 batches, and whatever else this process has to hear and to say would wait for seconds: the
 * keep-alive of its links, votes, the last pass of a stopped guest. A stream that is alone never waits.
 */
import type { Clock } from '@skewbed/runtime/ports/clock.ts';
import type { Timers } from '@skewbed/runtime/ports/timers.ts';

/** A stream, as it waits for its turn. */
export type Sender = {
  readonly guest: 'runs' | 'stopped';
  /** Sends what it may: its turn has come. */
  again(): void;
};

export class Turns {
  readonly #ports: { readonly clock: Clock; readonly timers: Timers };
  /** In the order in which they came. */
  readonly #waiting = new Set<Sender>();
  /** Whose turn it is; null when nobody has sent anything in this turn of the loop. */
  #holder: Sender | null = null;

  constructor(ports: { readonly clock: Clock; readonly timers: Timers }) {
    this.#ports = ports;
  }

  /** Asked before each batch. False: it is others' turn, and again() will be called. */
  mayGo(sender: Sender): boolean {
    if (this.#holder === null) {
      this.#holder = sender;
      this.#ports.timers.at(this.#ports.clock.now(), () => this.#next());
      return true;
    }
    if (this.#holder === sender && this.#waiting.size === 0) return true;
    this.#waiting.add(sender);
    return false;
  }

  /** It has nothing to send any more. */
  leave(sender: Sender): void {
    this.#waiting.delete(sender);
  }

  /** The loop has come round: the next one that has something to send does so. */
  #next(): void {
    this.#holder = null;
    for (let next = this.#first(); next !== null && this.#holder === null; next = this.#first()) {
      this.#waiting.delete(next);
      next.again();
    }
  }

  #first(): Sender | null {
    let first: Sender | null = null;
    for (const sender of this.#waiting) {
      if (sender.guest === 'stopped') return sender;
      first ??= sender;
    }
    return first;
  }
}
