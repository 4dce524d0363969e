/**
 * Whose turn it is to send, among the streams of one node: in a circle, a batch each, and the streams of guests that stand
 * still before those of guests that run. In one turn of the event loop they send for as long as everything else of this
 * process has had since, and at least one batch. Without it fifty streams would each work through their credit in one go,
 * 400 batches, and whatever else there is to hear and to say would wait for seconds: the keep-alive of links, votes, the
 * last pass of a stopped guest. A stream that is alone never waits.
 */
import { BATCH_PAGES_MAX } from '@skewbed/proto/limits.ts';
import type { Clock } from '@skewbed/runtime/ports/clock.ts';
import type { Timers } from '@skewbed/runtime/ports/timers.ts';

/** A stream, as it waits for its turn. */
export type Sender = {
  readonly guest: 'runs' | 'stopped';
  /** Sends what it may: its turn has come. */
  again(): void;
};

/** 4 streams with a credit of 8 batches of 4 MiB each: 128 MiB of a node, and of what a relay may hold. */
const STREAMS_WITH_WHOLE_BATCHES = 4;
/** 512 KiB: with fewer the messages themselves begin to cost. */
const BATCH_PAGES_LEAST = 128;

export class Turns {
  readonly #ports: { readonly clock: Clock; readonly timers: Timers };
  /** Those which have begun, and not sent everything. */
  readonly #streams = new Set<Sender>();
  /** In the order in which they came. */
  readonly #waiting = new Set<Sender>();
  /** Whose turn it is; null when nobody has sent anything in this turn of the loop. */
  #holder: Sender | null = null;
  #isArmed = false;
  /** Since then everything else has had its time. */
  #restSince = 0n;

  constructor(ports: { readonly clock: Clock; readonly timers: Timers }) {
    this.#ports = ports;
  }

  /** It has something to send from now on. */
  join(sender: Sender): void {
    this.#streams.add(sender);
  }

  /**
   * Pages of the next batch: fewer where many send, for each of them keeps as many batches as its credit allows, and what
   * has to be heard in between waits for one of them.
   */
  get pagesPerBatch(): number {
    const share = Math.floor((STREAMS_WITH_WHOLE_BATCHES * BATCH_PAGES_MAX) / Math.max(1, this.#streams.size));
    return Math.min(BATCH_PAGES_MAX, Math.max(BATCH_PAGES_LEAST, share));
  }

  /** Asked before each batch. False: it is others' turn, and again() will be called. */
  mayGo(sender: Sender): boolean {
    if (this.#holder === null) {
      this.#holder = sender;
      this.#arm();
      return true;
    }
    if (this.#holder === sender && this.#waiting.size === 0) return true;
    this.#waiting.add(sender);
    return false;
  }

  /** It has nothing to send any more. */
  leave(sender: Sender): void {
    this.#streams.delete(sender);
    this.#waiting.delete(sender);
  }

  #arm(): void {
    if (this.#isArmed) return;
    this.#isArmed = true;
    const now = this.#ports.clock.now();
    this.#restSince = now;
    this.#ports.timers.at(now, () => this.#goRound());
  }

  /** The event loop has come round. */
  #goRound(): void {
    const { clock } = this.#ports;
    const begun = clock.now();
    const until = begun + (begun - this.#restSince);
    this.#isArmed = false;
    do this.#next();
    while (this.#holder !== null && this.#waiting.size > 0 && clock.now() < until);
    this.#restSince = clock.now();
  }

  /** The first one that has something to send does so. */
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
