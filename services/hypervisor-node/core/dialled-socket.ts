/**
 * A stream socket as its target has it: dialled, and dialled anew when it breaks where that may be mended. It says from
 * which batch on the stream shall go on. A peer that closes it on purpose is not dialled again.
 */
import { CLOSE_CODE, closedError, isBreak } from '@skewbed/proto/close-codes.ts';
import type { SkewbedError } from '@skewbed/proto/errors.ts';
import { HANDSHAKE_TIMEOUT_NS, REDIAL_FIRST_NS, STREAM_RESUME_TIMEOUT_NS } from '@skewbed/proto/limits.ts';
import { type TrueNs, trueNs } from '@skewbed/proto/units.ts';
import type { Course } from '@skewbed/runtime/ports/bulk.ts';
import type { Clock } from '@skewbed/runtime/ports/clock.ts';
import type { Channel } from '@skewbed/runtime/ports/network.ts';
import type { Timer, Timers } from '@skewbed/runtime/ports/timers.ts';

export type DialledParts = {
  readonly clock: Clock;
  readonly timers: Timers;
  /** `resume`: a part of the query, empty the first time. */
  readonly dial: (resume: string) => Channel;
};

export type DialledHandlers = {
  /** Where a message goes that begins so (runtime/ports/bulk.ts). */
  begins(beginning: Uint8Array): Course | null;
  message(bytes: Uint8Array): void;
  /** The batch that is due, while a break may be mended; null when it may not. */
  resumeFrom(): number | null;
  /** It does not come back. */
  lost(error: SkewbedError): void;
};

export class DialledSocket {
  readonly #migration: string;
  readonly #parts: DialledParts;
  readonly #handlers: DialledHandlers;
  #channel: Channel | null = null;
  #dialledAt: TrueNs = trueNs(0n);
  #redial: Timer | null = null;
  /** Until when it has to be back; null while nothing is broken. */
  #deadline: TrueNs | null = null;
  #patience: Timer | null = null;
  #closed = false;

  constructor(migration: string, parts: DialledParts, handlers: DialledHandlers) {
    this.#migration = migration;
    this.#parts = parts;
    this.#handlers = handlers;
    this.#dial('');
  }

  send(message: Uint8Array): void {
    this.#channel?.send(message);
  }

  close(reason: string): void {
    this.#closed = true;
    this.#redial?.cancel();
    this.#patience?.cancel();
    this.#channel?.close(CLOSE_CODE.NORMAL, reason);
    this.#channel = null;
  }

  #dial(resume: string): void {
    this.#redial = null;
    this.#dialledAt = this.#parts.clock.now();
    const channel = this.#parts.dial(resume);
    this.#channel = channel;
    channel.handle({
      begins: (beginning) => (this.#channel === channel ? this.#handlers.begins(beginning) : { kind: 'gather' }),
      message: (bytes) => {
        if (this.#channel === channel) this.#handlers.message(bytes);
      },
      drained: () => {},
      closed: (code, reason) => {
        if (this.#channel === channel) this.#broke(code, reason);
      },
    });
  }

  #broke(code: number, reason: string): void {
    this.#channel = null;
    const { clock, timers } = this.#parts;
    const error = closedError(`migration ${this.#migration}: the stream`, code, reason);
    const now = clock.now();
    const mendable = isBreak(code) && this.#handlers.resumeFrom() !== null;
    if (!mendable || (this.#deadline !== null && now >= this.#deadline)) {
      this.#lose(error);
      return;
    }
    if (this.#deadline === null) {
      this.#deadline = trueNs(now + STREAM_RESUME_TIMEOUT_NS);
      this.#expectBack(this.#deadline, error);
    }
    this.#redial = timers.at(trueNs(now + REDIAL_FIRST_NS), () => {
      const from = this.#handlers.resumeFrom();
      if (from === null) this.#lose(error);
      else this.#dial(`&resume=${from}`);
    });
  }

  /** A socket is back when it has outlived the time in which a dial that nobody answers fails. */
  #expectBack(until: TrueNs, error: SkewbedError): void {
    this.#patience = this.#parts.timers.at(until, () => {
      const provenAt = trueNs(this.#dialledAt + HANDSHAKE_TIMEOUT_NS);
      if (this.#channel === null) this.#lose(error);
      else if (this.#parts.clock.now() > provenAt) this.#deadline = null;
      else this.#expectBack(trueNs(provenAt + 1n), error);
    });
  }

  #lose(error: SkewbedError): void {
    if (this.#closed) return;
    this.close('lost');
    this.#handlers.lost(error);
  }
}
