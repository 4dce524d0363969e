/**
 * The world of a chaos run, whichever it is: the simulator's (sim-bed.ts) or real nodes (real/). It has a coordinator and
 * a node for each host, faults are done to its links and processes, and it hears what happens. Steering is the same on
 * all of them, and so are the checkers.
 */
import type { RunnerClient, RunnerPorts } from '@skewbed/coordinator/core/runner-client.ts';
import type { HistoryEvent } from '@skewbed/proto/history.ts';
import type { TrueNs } from '@skewbed/proto/units.ts';
import type { ChaosBed } from './faults/fault.ts';
import type { Fault } from './faults/index.ts';

export const COORDINATOR = 'coordinator';

/** How far ahead of its instant something has to be asked for, so that it is there in time. */
export type Pace = {
  /** From the first configuration to the origin. */
  readonly leadMs: number;
  /** From the order of a move without a pre-copy to its suspend. */
  readonly moveLeadMs: number;
  /** How long after the end a host is asked again that did not answer the last look: a machine may be busy. */
  readonly patienceMs: number;
};

export interface RunBed extends ChaosBed {
  readonly pace: Pace;
  /** What a runner is made of here, and where it dials. */
  readonly runner: RunnerPorts;
  readonly coordinatorUrl: string;
  /** What is known so far, in the order in which it became known. */
  readonly history: readonly HistoryEvent[];
  record(events: readonly HistoryEvent[]): void;
  /** From here instants of the schedule count. */
  setOrigin(origin: TrueNs): void;
  /** A runner has just been welcomed: from now on it can be asked what happened, and is told. */
  listen(client: RunnerClient): void;
  /** Why this bed cannot do a fault; null when it can. */
  refuses(fault: Fault): string | null;
  /** What the coordinator of this bed calls the n-th move, counted from 1. */
  migrationName(move: number): string;
}
