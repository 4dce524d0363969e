/**
 * From a history to its result, and nothing else: `skewbed report` makes the same result again from the file alone.
 * The checkers judge in nanoseconds; here they become the seconds of design section 8.
 */
import { createHash } from 'node:crypto';
import type { HistoryEvent, HistoryHeader } from '@skewbed/proto/history.ts';
import { readHistory, writeHistory } from '@skewbed/proto/history-file.ts';
import { type DurationNs, NS_PER_S, secondsOf } from '@skewbed/proto/units.ts';
import { downtimeOf } from './checkers/downtime.ts';
import { type Outcome, outcomeOf } from './checkers/expect.ts';
import { faultOf } from './checkers/fault.ts';
import { mechanismOf } from './checkers/mechanism.ts';
import { type Probes, probesOf } from './checkers/probes.ts';
import type { Length } from './checkers/sight.ts';
import { waitsOf } from './checkers/sleeps.ts';
import { verdictOf } from './checkers/verdict.ts';
import type { Plan } from './plan.ts';
import { planFromJson } from './plan-json.ts';
import { RESULT_SCHEMA, type Result } from './result-schema.ts';

/** A run as it is kept: the history's text, what it says, and whether that is what the scenario expects. */
export type JudgedRun = {
  readonly plan: Plan;
  readonly header: HistoryHeader;
  readonly events: readonly HistoryEvent[];
  readonly history: string;
  readonly result: Result;
  /** How late sleep(1) was; null when nobody looked. */
  readonly late: Length | null;
  readonly outcome: Outcome;
  /** What speaks against the fault, and for the verdict, in words. */
  readonly reasons: readonly string[];
};

/** Judges the events of a run. */
export function judge(header: HistoryHeader, events: readonly HistoryEvent[]): JudgedRun {
  const plan = planFromJson(header.plan);
  const history = writeHistory(header, events);
  const fault = faultOf(plan, events);
  const verdict = verdictOf(plan, events);
  const { mechanism, evidence } = mechanismOf(plan, events);
  const probes = probesOf(plan, events);
  const downtime = downtimeOf(events);
  const late = probes.newSleep?.late ?? null;
  const result: Result = {
    schema: RESULT_SCHEMA,
    scenario: header.scenario,
    testbed: header.testbed,
    seed: header.seed,
    scale: header.scale,
    kernel: plan.scenario.guest.kernel,
    restore: plan.scenario.restore,
    patches: [...plan.scenario.patches],
    fault: fault.fault,
    verdict: verdict.verdict,
    also: [...verdict.also],
    mechanism,
    evidence: evidence.map(({ variable, holdsNs, waitsOn, host, freedAfter }) => ({
      variable,
      holds: decimalSeconds(holdsNs),
      waitsOn: `${waitsOn} of ${host}`,
      freedAfter: seconds(freedAfter),
    })),
    probes: probesInSeconds(probes),
    sleeps: sleepsInSeconds(plan, events),
    downtime: {
      lo: secondsOf(downtime.loNs),
      hi: secondsOf(downtime.hiNs),
      parts: Object.fromEntries(Object.entries(downtime.partsNs).map(([part, ns]) => [part, secondsOf(ns)])),
    },
    historySha256: createHash('sha256').update(history).digest('hex'),
    replay: `skewbed replay runs/${header.scenario}/${header.seed}/history.jsonl`,
  };
  const outcome = outcomeOf(plan, { fault: fault.fault, verdict: verdict.verdict, mechanism, late });
  return {
    plan,
    header,
    events,
    history,
    result,
    late,
    outcome,
    reasons: [...fault.reasons, ...verdict.reasons, ...outcome.problems],
  };
}

/** Judges a history file. `name` is what errors call it. */
export function judgeFile(text: string, name: string): JudgedRun {
  const { header, events } = readHistory(text, name);
  return judge(header, events);
}

const seconds = (length: Length): number | null => (length === 'never' ? null : secondsOf(length));

function probesInSeconds(probes: Probes): Result['probes'] {
  const { newSleep, oldSleep, date, monotonic, jiffies, cpuLoop, netEcho, schedClock, vcpu } = probes;
  return {
    ...(newSleep && { newSleep: { late: seconds(newSleep.late), early: secondsOf(newSleep.earlyNs) } }),
    ...(oldSleep && { oldSleep: { late: seconds(oldSleep.late), early: secondsOf(oldSleep.earlyNs) } }),
    ...(date && {
      date: {
        stuckFor: seconds(date.stuckFor),
        step: secondsOf(date.stepNs),
        aheadOfHost: secondsOf(date.aheadOfHostNs),
      },
    }),
    ...(monotonic && { monotonic: { stuckFor: seconds(monotonic.stuckFor), leap: secondsOf(monotonic.leapNs) } }),
    ...(jiffies && { jiffies: { stuckFor: seconds(jiffies.stuckFor) } }),
    ...(cpuLoop && { cpuLoop }),
    ...(netEcho && { netEcho }),
    ...(schedClock && { schedClock: { stuckFor: seconds(schedClock.stuckFor), leap: secondsOf(schedClock.leapNs) } }),
    ...(vcpu && { vcpu: { blockedFor: seconds(vcpu.blockedFor) } }),
    console: [...probes.console],
  };
}

/** The scenario's own sleepers, in its order; those of the testbed are among the probes. */
function sleepsInSeconds(plan: Plan, events: readonly HistoryEvent[]): Result['sleeps'] {
  const waits = waitsOf(plan, events);
  return plan.programs.flatMap((program, index) => {
    if (program.role !== 'sleep') return [];
    const armed = secondsOf(program.armedNs);
    const wait = waits[index] ?? null;
    return [
      {
        length: secondsOf(program.lengthNs),
        armed: program.side === 'before-stop' ? -armed : armed,
        returnedAfter: wait === null ? null : seconds(wait.returnedAfter),
      },
    ];
  });
}

/** 1000000.000: exact, whatever the size. */
function decimalSeconds(ns: DurationNs): string {
  const ms = (ns < 0n ? -ns : ns) / (NS_PER_S / 1000n);
  return `${ns < 0n ? '-' : ''}${ms / 1000n}.${(ms % 1000n).toString().padStart(3, '0')}`;
}
