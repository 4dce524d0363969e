/**
 * The sockets of one migration at its source: one to the coordinator, and with a direct stream one to the target beside
 * it, which then carries the batches and their acknowledgements. One that breaks while it may come back is waited for;
 * a new one takes the place of an old one whose end has not been noticed here yet.
 */
import { CLOSE_CODE, closedError, isBreak } from '@skewbed/proto/close-codes.ts';
import type { SkewbedError } from '@skewbed/proto/errors.ts';
import { STREAM_RESUME_TIMEOUT_NS } from '@skewbed/proto/limits.ts';
import { trueNs } from '@skewbed/proto/units.ts';
import type { Clock } from '@skewbed/runtime/ports/clock.ts';
import type { Channel } from '@skewbed/runtime/ports/network.ts';
import type { Timer, Timers } from '@skewbed/runtime/ports/timers.ts';

/** Who dialled a stream socket of the source. */
export type Caller = 'coordinator' | 'target';

export type SocketHandlers = {
  message(from: Caller, bytes: Uint8Array): void;
  drained(): void;
  /** Whether a socket that breaks now may come back. */
  mayResume(): boolean;
  /** Once: no socket comes back. */
  lost(error: SkewbedError): void;
};

export class StreamSockets {
  readonly #migration: string;
  readonly #data: Caller;
  readonly #parts: { readonly clock: Clock; readonly timers: Timers };
  readonly #handlers: SocketHandlers;
  readonly #open = new Map<Caller, Channel>();
  #hadEverything = false;
  #patience: Timer | null = null;

  constructor(
    migration: string,
    via: 'relay' | 'direct',
    parts: { readonly clock: Clock; readonly timers: Timers },
    handlers: SocketHandlers,
  ) {
    this.#migration = migration;
    this.#data = via === 'relay' ? 'coordinator' : 'target';
    this.#parts = parts;
    this.#handlers = handlers;
  }

  /** Every socket that the stream needs is there. */
  get ready(): boolean {
    return this.#open.has('coordinator') && this.#open.has(this.#data);
  }

  /** They have all been there once: one that comes now comes back. */
  get hadEverything(): boolean {
    return this.#hadEverything;
  }

  /** Whether batches and acknowledgements pass on the socket that this peer has dialled. */
  carries(caller: Caller): boolean {
    return caller === this.#data;
  }

  /** False when this peer has no place here. */
  attach(channel: Channel, caller: Caller): boolean {
    const before = this.#open.get(caller);
    const known = caller === 'coordinator' || caller === this.#data;
    if (!known || (before !== undefined && !this.#handlers.mayResume())) {
      channel.close(CLOSE_CODE.CONFLICT, `migration ${this.#migration} has its stream already`);
      return false;
    }
    this.#open.set(caller, channel);
    before?.close(CLOSE_CODE.GOING_AWAY, 'another socket took the place of this one');
    if (this.ready) {
      this.#hadEverything = true;
      this.#patience?.cancel();
      this.#patience = null;
    }
    channel.handle({
      message: (bytes) => {
        if (this.#open.get(caller) === channel) this.#handlers.message(caller, bytes);
      },
      drained: () => this.#handlers.drained(),
      closed: (code, reason) => {
        if (this.#open.get(caller) === channel) this.#closed(caller, code, reason);
      },
    });
    return true;
  }

  sendControl(message: Uint8Array): void {
    this.#open.get('coordinator')?.send(message);
  }

  sendData(message: Uint8Array): void {
    // Nobody writes to an encoded message any more.
    this.#open.get(this.#data)?.sendParts({ parts: [message], keep: 'until-left' }, () => {});
  }

  /** The socket on which batches go; null while there is none. */
  get dataChannel(): Channel | null {
    return this.#open.get(this.#data) ?? null;
  }

  /** Something else broke that may come back: from now on there is as much time for it as for a socket. */
  interrupt(error: SkewbedError): void {
    const { clock, timers } = this.#parts;
    this.#patience ??= timers.at(trueNs(clock.now() + STREAM_RESUME_TIMEOUT_NS), () => this.#handlers.lost(error));
  }

  close(reason: string): void {
    this.#patience?.cancel();
    this.#patience = null;
    const open = [...this.#open.values()];
    this.#open.clear();
    for (const channel of open) channel.close(CLOSE_CODE.NORMAL, reason);
  }

  #closed(caller: Caller, code: number, reason: string): void {
    this.#open.delete(caller);
    const error = closedError(`migration ${this.#migration}: the stream`, code, reason);
    if (isBreak(code) && this.#handlers.mayResume()) this.interrupt(error);
    else this.#handlers.lost(error);
  }
}
