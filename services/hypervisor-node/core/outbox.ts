/**
 * History events on their way to the coordinator: gathered for a moment, sent in order, kept while there is no
 * coordinator. The oldest are dropped when too many wait, and a 'failure' event says so: a history with a gap must not
 * look like one without.
 */

import { encode } from '@skewbed/proto/codec.ts';
import { codedError, type SkewbedError } from '@skewbed/proto/errors.ts';
import type { HistoryEvent } from '@skewbed/proto/history.ts';
import { EVENTS_GATHER_NS, EVENTS_PER_MESSAGE_MAX, EVENTS_WAITING_MAX } from '@skewbed/proto/limits.ts';
import { trueNs } from '@skewbed/proto/units.ts';
import { wireText } from '@skewbed/proto/wire-error.ts';
import type { Clock } from '@skewbed/runtime/ports/clock.ts';
import type { Timer, Timers } from '@skewbed/runtime/ports/timers.ts';

export type OutboxPorts = { readonly clock: Clock; readonly timers: Timers };

export class Outbox {
  readonly #ports: OutboxPorts;
  readonly #host: () => string | null;
  #waiting: HistoryEvent[] = [];
  #dropped = 0;
  #send: ((message: Uint8Array) => void) | null = null;
  #timer: Timer | null = null;

  constructor(ports: OutboxPorts, host: () => string | null) {
    this.#ports = ports;
    this.#host = host;
  }

  add(events: readonly HistoryEvent[]): void {
    for (const event of events) this.#waiting.push(event);
    const excess = this.#waiting.length - EVENTS_WAITING_MAX;
    if (excess > 0) {
      this.#waiting.splice(0, excess);
      this.#dropped += excess;
    }
    if (this.#send === null) return;
    if (this.#waiting.length >= EVENTS_PER_MESSAGE_MAX) this.flush();
    else this.#timer ??= this.#ports.timers.at(trueNs(this.#ports.clock.now() + EVENTS_GATHER_NS), () => this.flush());
  }

  /** Takes the way to the coordinator, or null when there is none. */
  connect(send: ((message: Uint8Array) => void) | null): void {
    this.#send = send;
    if (send !== null) this.flush();
    else {
      this.#timer?.cancel();
      this.#timer = null;
    }
  }

  /** Everything that waits leaves now. Called before a reply, so that a reply never overtakes what it caused. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = null;
    if (this.#send === null) return;
    if (this.#dropped > 0) {
      this.#waiting.unshift(
        this.#failure('limit-exceeded', `${this.#dropped} events were dropped while no coordinator took them`),
      );
      this.#dropped = 0;
    }
    const events = this.#waiting;
    this.#waiting = [];
    for (let at = 0; at < events.length; at += EVENTS_PER_MESSAGE_MAX) {
      this.#sendChunk(events.slice(at, at + EVENTS_PER_MESSAGE_MAX));
    }
  }

  /** Halves what does not fit one message. One event that fits none is replaced by what is wrong with it. */
  #sendChunk(events: readonly HistoryEvent[]): void {
    let message: Uint8Array;
    try {
      message = encode({ type: 'event', events });
    } catch (thrown) {
      const error = codedError(thrown);
      const [only, ...others] = events;
      if (only === undefined) return;
      if (others.length > 0) {
        const middle = Math.ceil(events.length / 2);
        this.#sendChunk(events.slice(0, middle));
        this.#sendChunk(events.slice(middle));
        return;
      }
      message = encode({
        type: 'event',
        events: [this.#failure(error.code, wireText(`an event '${only.kind}' cannot travel: ${error.message}`))],
      });
    }
    this.#send?.(message);
  }

  #failure(code: SkewbedError['code'], message: string): HistoryEvent {
    const host = this.#host();
    return { at: this.#ports.clock.now(), ...(host === null ? {} : { host }), kind: 'failure', code, message };
  }
}
