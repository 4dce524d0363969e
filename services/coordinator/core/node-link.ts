/**
 * A node that is ready: what it said of itself, and the requests that it has not answered yet. A request of a runner
 * waits as long as the link lives (its instant may be far ahead); an order of the coordinator has a time-out.
 */
import type { Command, CommandName, Result } from '@skewbed/proto/control/commands.ts';
import type { MessageOf } from '@skewbed/proto/control/registry.ts';
import { errorFromWire, SkewbedError } from '@skewbed/proto/errors.ts';
import { ORDER_TIMEOUT_NS, REQUESTS_OPEN_MAX } from '@skewbed/proto/limits.ts';
import { trueNs } from '@skewbed/proto/units.ts';
import type { Clock } from '@skewbed/runtime/ports/clock.ts';
import type { Timer, Timers } from '@skewbed/runtime/ports/timers.ts';
import type { ControlPeer } from './control-peer.ts';

export type Answer = (outcome: Result | SkewbedError) => void;

type Pending = { readonly command: CommandName; readonly done: Answer; readonly timer: Timer | null };

export class NodeLink {
  readonly name: string;
  readonly url: string;
  readonly checksums: readonly string[];
  readonly uncertaintyNs: bigint;
  readonly #peer: ControlPeer;
  readonly #ports: { readonly clock: Clock; readonly timers: Timers };
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;

  constructor(
    said: {
      readonly name: string;
      readonly url: string;
      readonly checksums: readonly string[];
      readonly uncertaintyNs: bigint;
    },
    peer: ControlPeer,
    ports: { readonly clock: Clock; readonly timers: Timers },
  ) {
    this.name = said.name;
    this.url = said.url;
    this.checksums = said.checksums;
    this.uncertaintyNs = said.uncertaintyNs;
    this.#peer = peer;
    this.#ports = ports;
  }

  /** Passes on what a runner asks. */
  relay(command: Command, done: Answer): void {
    if (this.#pending.size >= REQUESTS_OPEN_MAX) {
      done(new SkewbedError('limit-exceeded', `node ${this.name} has ${REQUESTS_OPEN_MAX} open requests already`));
      return;
    }
    this.#send(command, done, null);
  }

  /** Gives an order of the coordinator's own. */
  order(command: Command, done: Answer): void {
    const { clock, timers } = this.#ports;
    const id = this.#nextId;
    const timer = timers.at(trueNs(clock.now() + ORDER_TIMEOUT_NS), () => {
      this.#pending.delete(id);
      done(
        new SkewbedError(
          'timed-out',
          `node ${this.name} has not answered '${command.command}' within ${ORDER_TIMEOUT_NS / 1_000_000_000n} s`,
        ),
      );
    });
    this.#send(command, done, timer);
  }

  answered(reply: MessageOf<'reply'>): void {
    const pending = this.#pending.get(reply.id);
    // An answer that came after its time-out is of no use to anybody.
    if (pending === undefined) return;
    if (reply.ok && reply.result.command !== pending.command) {
      throw new SkewbedError(
        'bad-message',
        `node ${this.name} answered '${pending.command}' as '${reply.result.command}'`,
      );
    }
    this.#pending.delete(reply.id);
    pending.timer?.cancel();
    pending.done(reply.ok ? reply.result : errorFromWire(reply.code, reply.message));
  }

  /** The link is gone: nobody will answer. */
  lost(error: SkewbedError): void {
    const open = [...this.#pending.values()];
    this.#pending.clear();
    for (const { command, done, timer } of open) {
      timer?.cancel();
      done(new SkewbedError('link-lost', `node ${this.name} has not answered '${command}': ${error.message}`));
    }
  }

  #send(command: Command, done: Answer, timer: Timer | null): void {
    const id = this.#nextId++;
    this.#pending.set(id, { command: command.command, done, timer });
    this.#peer.send({ type: 'request', id, to: this.name, command });
  }
}
