/**
 * One direction of a connection through the fault proxy: pieces in the order in which they came, each with the instant at
 * which it may go on. Nothing overtakes within a lane, whatever happens to the instants; while the link is silent nothing
 * leaves it.
 */
import { type TrueNs, trueNs } from '@skewbed/proto/units.ts';
import type { Clock } from '@skewbed/runtime/ports/clock.ts';
import type { Timer, Timers } from '@skewbed/runtime/ports/timers.ts';

/** What a lane asks its link. */
export interface Way {
  readonly silent: boolean;
  /** When bytes of this process that are given to it now will be on the other side. */
  arrivalOf(from: string, bytes: number): bigint;
  /** A piece was handed on. */
  delivered(delivery: Delivery): void;
}

/** A piece that the proxy really handed on. */
export type Delivery = { readonly readAt: TrueNs; readonly wroteAt: TrueNs; readonly bytes: number };

type Piece = {
  readonly raw: Buffer | null;
  readonly readAt: TrueNs;
  readonly due: bigint;
  /** Called when it has been handed on. */
  readonly gone: () => void;
};

export class Lane {
  readonly #from: string;
  readonly #way: Way;
  readonly #ports: { readonly clock: Clock; readonly timers: Timers };
  readonly #write: (raw: Buffer) => void;
  #pieces: Piece[] = [];
  #lastDue = 0n;
  #timer: Timer | null = null;

  constructor(
    from: string,
    parts: {
      readonly way: Way;
      readonly clock: Clock;
      readonly timers: Timers;
      readonly write: (raw: Buffer) => void;
    },
  ) {
    this.#from = from;
    this.#way = parts.way;
    this.#ports = parts;
    this.#write = parts.write;
  }

  /** Hands it on when its time comes. */
  put(raw: Buffer, gone: () => void = () => {}): void {
    this.#queue({ raw, bytes: raw.length, gone });
  }

  /** Calls `done` when everything before it has been handed on. */
  end(done: () => void): void {
    this.#queue({ raw: null, bytes: 0, gone: done });
  }

  /** Forgets everything: the link was cut. */
  clear(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#pieces = [];
  }

  /** Hands on whatever is due; called also when a silence is over. */
  flow(): void {
    this.#timer?.cancel();
    this.#timer = null;
    for (let next = this.#pieces[0]; next !== undefined && !this.#way.silent; next = this.#pieces[0]) {
      const now = this.#ports.clock.now();
      if (next.due > now) {
        this.#timer = this.#ports.timers.at(trueNs(next.due), () => this.flow());
        return;
      }
      this.#pieces.shift();
      this.#hand(next, now);
    }
  }

  #queue({ raw, bytes, gone }: { raw: Buffer | null; bytes: number; gone: () => void }): void {
    const readAt = this.#ports.clock.now();
    const due = this.#way.arrivalOf(this.#from, bytes);
    if (due > this.#lastDue) this.#lastDue = due;
    this.#pieces.push({ raw, readAt, due: this.#lastDue, gone });
    if (this.#pieces.length === 1) this.flow();
  }

  #hand({ raw, readAt, gone }: Piece, wroteAt: TrueNs): void {
    if (raw !== null) {
      this.#write(raw);
      this.#way.delivered({ readAt, wroteAt, bytes: raw.length });
    }
    gone();
  }
}
