/**
 * A checker of chaos: reads the history of a run, and names what must never be, with the instant at which it was. All of
 * them read the same record: the schedule, what the hosts said, and the coordinator's journal as it is on disk.
 */
import type { HistoryEvent } from '@skewbed/proto/history.ts';
import type { TrueNs } from '@skewbed/proto/units.ts';
import type { Schedule } from '../schedule.ts';

export type RunRecord = {
  readonly schedule: Schedule;
  readonly origin: TrueNs;
  readonly events: readonly HistoryEvent[];
  /** Lines of the coordinator's journal at the end; null where nobody could read it. */
  readonly journal: readonly string[] | null;
};

export const CHECKER_NAMES = [
  'copies',
  'digest',
  'memory',
  'frames',
  'wall',
  'freeze',
  'monotonic',
  'journal',
  'credit',
  'faults',
  'liveness',
  'hang',
  'crash',
  'determinism',
] as const;
export type CheckerName = (typeof CHECKER_NAMES)[number];

export type Violation = {
  readonly checker: CheckerName;
  /** In true time; the end of the run for what was never seen. */
  readonly atNs: bigint;
  readonly what: string;
};

export type Checker = {
  readonly name: CheckerName;
  /** For docs/chaos.md. */
  readonly text: string;
  check(record: RunRecord): readonly Violation[];
};

/** The code of the event which says that a host died with all that was on it. */
export const MACHINE_CRASHED = 'host-crashed';
export const machineCrash = (at: TrueNs, host: string): HistoryEvent => ({
  at,
  host,
  kind: 'failure',
  code: MACHINE_CRASHED,
  message: 'the machine and all its guests are gone',
});
export const isMachineCrash = (event: HistoryEvent): boolean =>
  event.kind === 'failure' && event.code === MACHINE_CRASHED;

/** When the run ended. */
export const endOf = ({ events, origin }: RunRecord): bigint => events.at(-1)?.at ?? origin;
