/**
 * The side of a runner on the control socket: it dials the coordinator, sets its clock, asks, and hears what happens.
 * Evented: every answer comes through a callback. It does not dial again: a run that lost its coordinator is over.
 */
import type { CommandName, CommandOf, ResultOf } from '@skewbed/proto/control/commands.ts';
import type { SkewbedError } from '@skewbed/proto/errors.ts';
import type { HistoryEvent } from '@skewbed/proto/history.ts';
import type { Clock } from '@skewbed/runtime/ports/clock.ts';
import type { ClockSync } from '@skewbed/runtime/ports/clock-sync.ts';
import type { Log } from '@skewbed/runtime/ports/log.ts';
import type { Network } from '@skewbed/runtime/ports/network.ts';
import type { Timers } from '@skewbed/runtime/ports/timers.ts';

export type RunnerPorts = {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly network: Network;
  readonly log: Log;
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
  /** Once, at the end; an error unless close() was called. Open requests were answered with 'link-lost' before. */
  closed(error: SkewbedError | null): void;
};

export interface RunnerApi {
  connect(handlers: RunnerHandlers): void;
  /** `to` is 'coordinator' or the name of a node. `done` is called exactly once, never from inside request(). */
  request<N extends CommandName>(
    to: string,
    command: CommandOf<N> & { readonly command: N },
    done: (outcome: Outcome<ResultOf<N>>) => void,
  ): void;
  /** Events of all nodes and of the coordinator, in the order of arrival. Before the answer to the command that caused them. */
  onEvents(listener: (events: readonly HistoryEvent[]) => void): void;
  close(): void;
}
