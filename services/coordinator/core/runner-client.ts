/**
 * The side of a runner on the control socket: it dials the coordinator, sets its clock, asks, and hears what happens.
 * Evented: every answer comes through a callback. It does not dial again: a run that lost its coordinator is over.
 */
import type { CommandName, CommandOf, Result, ResultOf } from '@skewbed/proto/control/commands.ts';
import type { MessageOf } from '@skewbed/proto/control/registry.ts';
import { errorFromWire, SkewbedError } from '@skewbed/proto/errors.ts';
import type { HistoryEvent } from '@skewbed/proto/history.ts';
import { REQUESTS_OPEN_MAX } from '@skewbed/proto/limits.ts';
import type { Clock } from '@skewbed/runtime/ports/clock.ts';
import type { ClockSync } from '@skewbed/runtime/ports/clock-sync.ts';
import type { Network } from '@skewbed/runtime/ports/network.ts';
import type { Timers } from '@skewbed/runtime/ports/timers.ts';
import { ControlLink } from './control-link.ts';

export type RunnerPorts = {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly network: Network;
  /** Null where the clock is true already (simulator). */
  readonly sync: ClockSync | null;
};

export type RunnerOptions = {
  /** Such as 'runner-1'; unique at the coordinator. */
  readonly name: string;
  readonly coordinatorUrl: string;
};

export type Outcome<R> =
  | { readonly ok: true; readonly result: R }
  | { readonly ok: false; readonly error: SkewbedError };

export type RunnerHandlers = {
  /** The clock is set: requests may be sent. */
  ready(): void;
  /** Once, at the end; null after close(). Requests that were open have been answered with 'link-lost' before. */
  closed(error: SkewbedError | null): void;
};

type Waiting = { readonly command: CommandName; readonly done: (outcome: Outcome<Result>) => void };

export class RunnerClient {
  readonly #ports: RunnerPorts;
  readonly #options: RunnerOptions;
  readonly #listeners: ((events: readonly HistoryEvent[]) => void)[] = [];
  readonly #waiting = new Map<number, Waiting>();
  #link: ControlLink | null = null;
  #nextId = 1;

  constructor(ports: RunnerPorts, options: RunnerOptions) {
    this.#ports = ports;
    this.#options = options;
  }

  get ready(): boolean {
    return this.#link?.phase === 'ready';
  }

  connect(handlers: RunnerHandlers): void {
    if (this.#link !== null) throw new SkewbedError('illegal-state', 'this runner has dialled already: make another');
    const { name, coordinatorUrl } = this.#options;
    this.#link = new ControlLink(
      this.#ports,
      { coordinatorUrl, hello: { role: 'runner', name, checksums: [] }, state: () => ({ fresh: true, open: [] }) },
      {
        ready: () => handlers.ready(),
        message: (message) => this.#take(message),
        closed: (error) => {
          this.#failAll(error ?? new SkewbedError('link-lost', 'the runner closed its link'));
          handlers.closed(error);
        },
      },
    );
  }

  /** `to` is 'coordinator' or the name of a node. `done` is called exactly once, never from inside request(). */
  request<N extends CommandName>(
    to: string,
    command: CommandOf<N> & { readonly command: N },
    done: (outcome: Outcome<ResultOf<N>>) => void,
  ): void {
    const refused = this.#refusal(to, command.command);
    if (refused !== null) {
      this.#ports.timers.at(this.#ports.clock.now(), () => done({ ok: false, error: refused }));
      return;
    }
    const id = this.#nextId++;
    // The command's name decides which result arrives, and #take checks that it does.
    this.#waiting.set(id, { command: command.command, done: done as (outcome: Outcome<Result>) => void });
    this.#link?.send({ type: 'request', id, to, command });
  }

  /** Events of all nodes and of the coordinator as they arrive: before the answer to the command that caused them. */
  onEvents(listener: (events: readonly HistoryEvent[]) => void): void {
    this.#listeners.push(listener);
  }

  close(): void {
    this.#link?.close();
  }

  #refusal(to: string, command: CommandName): SkewbedError | null {
    if (!this.ready) return new SkewbedError('not-connected', `'${command}' to ${to}: the runner is not connected`);
    if (this.#waiting.size < REQUESTS_OPEN_MAX) return null;
    return new SkewbedError('limit-exceeded', `'${command}' to ${to}: ${REQUESTS_OPEN_MAX} requests are open already`);
  }

  #take(message: MessageOf<'request' | 'reply' | 'event'>): void {
    switch (message.type) {
      case 'event':
        for (const listener of this.#listeners) listener(message.events);
        return;
      case 'reply':
        this.#answered(message);
        return;
      case 'request':
        throw new SkewbedError('wrong-role', `a runner takes no request: '${message.command.command}'`);
      default:
        message satisfies never;
    }
  }

  #answered(reply: MessageOf<'reply'>): void {
    const waiting = this.#waiting.get(reply.id);
    if (waiting === undefined) throw new SkewbedError('bad-message', `reply ${reply.id} answers no open request`);
    this.#waiting.delete(reply.id);
    if (!reply.ok) {
      waiting.done({ ok: false, error: errorFromWire(reply.code, reply.message) });
    } else if (reply.result.command === waiting.command) {
      waiting.done({ ok: true, result: reply.result });
    } else {
      const error = new SkewbedError('bad-message', `'${waiting.command}' was answered as '${reply.result.command}'`);
      waiting.done({ ok: false, error });
    }
  }

  #failAll(error: SkewbedError): void {
    const open = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { command, done } of open) {
      done({ ok: false, error: new SkewbedError('link-lost', `'${command}' has no answer: ${error.message}`) });
    }
  }
}
