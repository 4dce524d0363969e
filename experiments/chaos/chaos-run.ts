/**
 * Runs one schedule in the simulator and says what the checkers found. The schedule's moves go through a runner and the
 * coordinator as anybody's would; what is done to clocks is handed to the nodes ahead of time, links and processes are
 * disturbed from outside. In the quiet period at the end every clock is right again, and every host is looked at.
 */
import { createHash } from 'node:crypto';
import { codedError } from '@skewbed/proto/errors.ts';
import type { HistoryHeader } from '@skewbed/proto/history.ts';
import { writeHistory } from '@skewbed/proto/history-file.ts';
import type { TestbedName } from '../plan.ts';
import { type Canary, installCanary } from './canaries/canary.ts';
import { canaryNamed } from './canaries/index.ts';
import type { RunRecord, Violation } from './checkers/checker.ts';
import { checkRun } from './checkers/index.ts';
import { eventText } from './event-text.ts';
import { readBack } from './read-back.ts';
import type { Schedule } from './schedule.ts';
import { SimBed } from './sim-bed.ts';
import { Steering } from './steering.ts';

export type ChaosRun = {
  readonly schedule: Schedule;
  readonly record: RunRecord;
  readonly violations: readonly Violation[];
  /** The events that the simulator did, and how far virtual time went: for rates. */
  readonly steps: number;
  readonly simulatedNs: bigint;
};

/** Runs it. Never throws for what a schedule can cause: that is a violation of the checker `crash`. */
export function runChaos(schedule: Schedule): ChaosRun {
  const canary = schedule.canary === undefined ? null : canaryNamed(schedule.canary);
  const asked = installCanary(canary, schedule);
  const { bed, steering } = start(asked, canary);
  const crashes: Violation[] = [];
  try {
    bed.simulation.run({ done: () => steering.ended });
  } catch (thrown) {
    const { code, message } = codedError(thrown);
    crashes.push({ checker: 'crash', atNs: bed.simulation.now, what: `${code}: ${message}` });
  }
  if (crashes.length === 0 && !steering.ended) {
    crashes.push({ checker: 'liveness', atNs: bed.simulation.now, what: 'the run stood still before its end' });
  }
  const heard = { schedule, origin: steering.origin, events: bed.history, journal: bed.journal };
  return {
    ...checkedRun(heard, { crashes, others: steering.violations }),
    steps: bed.simulation.events,
    simulatedNs: bed.simulation.now,
  };
}

/** What was heard of a run, wherever it ran: its faults of clocks read back, and all of it checked. */
export function checkedRun(
  heard: RunRecord,
  before: { readonly crashes: readonly Violation[]; readonly others: readonly Violation[] },
): Pick<ChaosRun, 'schedule' | 'record' | 'violations'> {
  const { schedule } = heard;
  const record: RunRecord = { ...heard, events: [...heard.events, ...readBack(heard)] };
  const { crashes, others } = before;
  return { schedule, record, violations: [...crashes, ...others, ...(crashes.length > 0 ? [] : checkRun(record))] };
}

function start(schedule: Schedule, canary: Canary | null): { bed: SimBed; steering: Steering } {
  const bed: SimBed = new SimBed(schedule, canary, (host) => steering.hostRestarted(host));
  const steering: Steering = new Steering(bed, schedule);
  return { bed, steering };
}

export { eventText };

/** The first line of a chaos history. */
export const chaosHeader = (schedule: Schedule, testbed: TestbedName = 'sim'): HistoryHeader => ({
  skewbed: 1,
  scenario: 'chaos',
  testbed,
  seed: schedule.seed,
  scale: 1,
  plan: schedule,
});

/** The history of a run as history.jsonl holds it. */
export const chaosHistory = (
  { schedule, record }: Pick<ChaosRun, 'schedule' | 'record'>,
  testbed: TestbedName = 'sim',
): string => writeHistory(chaosHeader(schedule, testbed), record.events);

/**
 * sha256 over the history. Not over the text of history.jsonl, whose making costs as much as the run: over every event's
 * keys and values in order, which differ whenever the text does.
 */
export function historyHash({ schedule, record }: Pick<ChaosRun, 'schedule' | 'record'>): string {
  const hash = createHash('sha256').update(JSON.stringify(schedule));
  const lines = record.events.map(eventText);
  return hash.update(lines.join('\n')).digest('hex');
}
