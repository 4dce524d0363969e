/** One schedule, judged: run once or twice, and what was found, small enough to be sent from a worker. */

import { type ChaosRun, historyHash, runChaos } from './chaos-run.ts';
import type { Violation } from './checkers/checker.ts';
import { eventText } from './event-text.ts';
import type { Schedule } from './schedule.ts';

export type Times = 'once' | 'twice';

export type SeedVerdict = {
  readonly seed: number;
  /** sha256 of the history. */
  readonly hash: string;
  readonly violations: readonly Violation[];
  readonly simulatedNs: bigint;
  readonly twice: boolean;
  /** What the run did: moves that ended so, faults read back so. For the summary, and against blind campaigns. */
  readonly tally: Readonly<Record<string, number>>;
};

/** Runs a schedule, a second time where determinism is to be checked; the first difference is named. */
export const judgeSchedule = (schedule: Schedule, times: Times): SeedVerdict => judgedRun(schedule, times).verdict;

/** The same, with the run itself. */
export function judgedRun(schedule: Schedule, times: Times): { readonly run: ChaosRun; readonly verdict: SeedVerdict } {
  const run = runChaos(schedule);
  const hash = historyHash(run);
  const violations = [...run.violations];
  if (times === 'twice') {
    const again = runChaos(schedule);
    if (historyHash(again) !== hash) violations.push(firstDifference(run, again));
  }
  const tally: Record<string, number> = {};
  for (const event of run.record.events) {
    const word = tallied(event);
    if (word !== null) tally[word] = (tally[word] ?? 0) + 1;
  }
  const { simulatedNs } = run;
  const verdict = { seed: schedule.seed, hash, violations, simulatedNs, twice: times === 'twice', tally };
  return { run, verdict };
}

function tallied(event: ReturnType<typeof runChaos>['record']['events'][number]): string | null {
  if (event.kind === 'fault') return `${event.fault} ${event.outcome}`;
  if (event.kind !== 'migration' || event.host !== undefined) return null;
  return event.phase === 'running' || event.phase === 'aborted' ? `move ${event.phase}` : null;
}

function firstDifference(one: ReturnType<typeof runChaos>, other: ReturnType<typeof runChaos>): Violation {
  const first = one.record.events.map(eventText);
  const second = other.record.events.map(eventText);
  const at = first.findIndex((text, index) => text !== second[index]);
  const index = at < 0 ? Math.min(first.length, second.length) : at;
  const shown = (text: string | undefined): string => (text === undefined ? 'nothing' : text.slice(0, 300));
  return {
    checker: 'determinism',
    atNs: one.record.events[index]?.at ?? one.simulatedNs,
    what: `the second run differs at event ${index}: ${shown(first[index])} | ${shown(second[index])}`,
  };
}
