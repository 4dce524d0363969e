/**
 * Reads every fault of a clock back from the history: was the step done, at its instant, and did the clocks then read what
 * the schedule makes of them? The events of the hosts carry both clocks. A host that was dead is inconclusive.
 */
import type { HistoryEvent } from '@skewbed/proto/history.ts';
import { trueNs } from '@skewbed/proto/units.ts';
import { isMachineCrash, type RunRecord } from './checkers/checker.ts';
import { mayBeMissing, unseenOf } from './checkers/unseen.ts';
import { clockPlan, type Expected, expectedReadings } from './clock-plan.ts';
import { nsOfMs } from './duration.ts';
import { FAULT_MAX_MS, type Outcome } from './faults/fault.ts';
import { kindOf } from './faults/index.ts';
import { hostConfig } from './instants.ts';

/** A node is never longer behind what is due: the longest pause. */
const LATEST_NS = nsOfMs(FAULT_MAX_MS);

type Finding = { readonly outcome: Outcome; readonly detail: string };

/** One event for each fault of a clock, in the order of the schedule. */
export function readBack(record: RunRecord): readonly HistoryEvent[] {
  const { schedule, origin, events: history } = record;
  const unseen = unseenOf(history);
  const findings = new Map<number, Finding>();
  for (const host of schedule.hosts) {
    const diedAt = history.find((event) => event.host === host.name && isMachineCrash(event))?.at ?? null;
    const config = hostConfig(schedule, host, { origin, atMs: 0 });
    const done = changesOf(history, host.name);
    for (const expected of expectedReadings(config, clockPlan(schedule, host.name))) {
      const { fault } = expected;
      if (fault === null) continue;
      const at = trueNs(origin + nsOfMs(expected.atMs));
      const there = done.get(`${kindsOf(expected)} ${at}`);
      // A node that stands still, or is late, may die before it comes to what was due.
      const died = diedAt !== null && (diedAt <= at || (there === undefined && diedAt - at < LATEST_NS));
      const finding: Finding = died
        ? { outcome: 'inconclusive', detail: `host ${host.name} died before` }
        : there === undefined && mayBeMissing(unseen, { host: host.name, fromNs: at, toNs: at + 1n })
          ? { outcome: 'inconclusive', detail: `what host ${host.name} did then did not get here` }
          : findingOf(expected, there);
      const before = findings.get(fault);
      if (before === undefined || RANK[finding.outcome] > RANK[before.outcome]) findings.set(fault, finding);
    }
  }
  const at = history.at(-1)?.at ?? origin;
  return [...findings]
    .sort(([a], [b]) => a - b)
    .map(([number, { outcome, detail }]) => {
      const { kind } = kindOf(schedule.faults[number]!);
      return { at, kind: 'fault', fault: kind, number, outcome, detail };
    });
}

/** The worst of a fault's steps is what is said of it. */
const RANK: Readonly<Record<Outcome, number>> = { confirmed: 0, inconclusive: 1, mismatch: 2 };

const KIND_OF = { 'set-skew': 'skew-set', 'set-ntp': 'ntp-set', settime: 'settime' } as const;
const kindsOf = ({ event }: Expected): string => KIND_OF[event.type as keyof typeof KIND_OF];

function findingOf({ event, wallNs, uptimeNs }: Expected, done: readonly HistoryEvent[] = []): Finding {
  if (done.length === 0) return { outcome: 'mismatch', detail: `the host never did '${event.type}'` };
  // Several faults may strike at one instant; one of the readings there is that of this step.
  const right = done.find((each) => each.wallNs === wallNs && each.uptimeNs === uptimeNs);
  if (right !== undefined) return { outcome: 'confirmed', detail: `wall ${wallNs} ns, uptime ${uptimeNs} ns` };
  const [{ wallNs: wall, uptimeNs: uptime }] = done as readonly [HistoryEvent];
  return {
    outcome: 'mismatch',
    detail: `after '${event.type}' the wall is ${wall} ns and the uptime ${uptime} ns; ${wallNs} ns and ${uptimeNs} ns are wanted`,
  };
}

function changesOf(history: readonly HistoryEvent[], host: string): ReadonlyMap<string, HistoryEvent[]> {
  const changes = new Map<string, HistoryEvent[]>();
  for (const event of history) {
    if (event.host !== host || (event.kind !== 'skew-set' && event.kind !== 'ntp-set' && event.kind !== 'settime'))
      continue;
    const key = `${event.kind} ${event.at}`;
    const list = changes.get(key);
    if (list === undefined) changes.set(key, [event]);
    else list.push(event);
  }
  return changes;
}
