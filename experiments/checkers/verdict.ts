/**
 * The second half of a verdict: what became of the guest, by the precedence of design section 8. It is made of what
 * programs saw and of how many copies ran. A probe that did not look gives 'unknown', never health.
 */
import type { HistoryEvent } from '@skewbed/proto/history.ts';
import { NS_PER_US } from '@skewbed/proto/units.ts';
import type { Plan } from '../plan.ts';
import type { Also, VerdictWord } from '../scenarios/scenario.ts';
import { copiesOf } from './copies.ts';
import { memoryOf } from './memory.ts';
import { missingProbes, type Probes, probesOf } from './probes.ts';
import { exceeds, looksWithin, type Stretch, sightOf, stretches } from './sight.ts';
import { type Waited, waitsOf } from './sleeps.ts';

export type VerdictFinding = {
  readonly verdict: VerdictWord;
  readonly also: readonly Also[];
  /** Why, in words for people. */
  readonly reasons: readonly string[];
};

/** Judges a history. */
export function verdictOf(plan: Plan, events: readonly HistoryEvent[]): VerdictFinding {
  const probes = probesOf(plan, events);
  const waits = waitsOf(plan, events);
  const also = alsoOf(plan, events, { probes, waits });
  const [verdict, ...reasons] = gravest(plan, events, { probes, waits });
  const wanted = plan.scenario.expect?.verdict;
  // Harmless wrongs count as the verdict only for somebody who asks for them.
  if (verdict === 'healthy' && also.some((word) => word === wanted)) return { verdict: wanted!, also, reasons };
  return { verdict, also, reasons };
}

type Seen = { readonly probes: Probes; readonly waits: readonly (Waited | null)[] };

function gravest(
  plan: Plan,
  events: readonly HistoryEvent[],
  { probes, waits }: Seen,
): readonly [VerdictWord, ...string[]] {
  const copies = copiesOf(events);
  if (copies.most > 1) return ['split-brain', `${copies.most} copies of the guest ran at once`];
  if (copies.started && copies.atEnd === 0) return ['lost', 'no copy of the guest runs in the end'];
  const memory = memoryOf(plan, events);
  if (memory.state === 'mismatch') return ['memory-mismatch', ...memory.problems];
  const blind = [
    ...missingProbes(probes),
    ...waits.flatMap((wait, index) => (wait === null ? [plan.programs[index]!.timer] : [])),
  ];
  if (blind.length > 0) return ['unknown', `nothing was seen by: ${blind.join(', ')}`];
  if (memory.state === 'unchecked') return ['unknown', ...memory.problems];

  const { toleranceNs } = plan;
  const late = waits.filter((wait): wait is Waited => wait !== null && exceeds(wait.late, toleranceNs));
  const lateSleeps = late.filter((wait) => !isAbsolute(wait)).map((wait) => wait.program.timer);
  const frozen = [
    ...lateSleeps.map((timer) => `${timer} is late`),
    ...(exceeds(probes.date!.stuckFor, toleranceNs) ? ['the date stands still'] : []),
  ];
  if (frozen.length > 0) return ['frozen', ...frozen];
  if (monotonicFell(plan, events)) return ['monotonic-violation', 'CLOCK_MONOTONIC went back'];
  if (late.length > 0) return ['late-timers', ...late.map((wait) => `${wait.program.timer} is late`)];
  return ['healthy'];
}

/** Timers on an absolute time of CLOCK_REALTIME are late when that clock was set back, as POSIX says. */
const isAbsolute = ({ program }: Waited): boolean =>
  program.kind === 'absolute-realtime' || program.kind === 'futex-lock-pi';

/** A gettimeofday counts microseconds, so two readings may differ by one without any clock having gone back. */
function monotonicFell(plan: Plan, events: readonly HistoryEvent[]): boolean {
  const { looks } = sightOf(plan, events);
  return looks.some(
    (look, index) => index > 0 && looks[index - 1]!.reading.monotonicNs - look.reading.monotonicNs > NS_PER_US,
  );
}

function alsoOf(plan: Plan, events: readonly HistoryEvent[], { probes, waits }: Seen): readonly Also[] {
  const also: Also[] = [];
  if (wallclockWrong(plan, events)) also.push('wallclock-wrong');
  if (waits.some((wait) => wait !== null && wait.earlyNs > plan.toleranceNs)) also.push('early-timers');
  if (leaped(plan, events, probes)) also.push('leap');
  return also;
}

/** CLOCK_MONOTONIC is further than the pause can explain, and goes on. One that stands still then is part of a freeze. */
function leaped(plan: Plan, events: readonly HistoryEvent[], { monotonic }: Probes): boolean {
  const pausedNs = plan.move === null ? 0n : plan.move.runAtNs - plan.move.suspendAtNs;
  if (monotonic === null || monotonic.leapNs <= pausedNs + plan.toleranceNs + 2n * plan.tickNs) return false;
  const sight = sightOf(plan, events);
  const still = stretches(looksWithin(sight, plan.referenceNs), (reading) => reading.monotonicNs);
  return !still.some((stretch) => within(stretch, sight.after!.at));
}

const within = ({ fromNs, toNs }: Stretch, at: bigint): boolean => at >= fromNs && at <= toNs;

/** The date goes on, and is not the host's. A date that stands still is wrong too, but that has a graver name. */
function wallclockWrong(plan: Plan, events: readonly HistoryEvent[]): boolean {
  const looks = looksWithin(sightOf(plan, events), plan.referenceNs);
  const still = stretches(looks, (reading) => reading.dateNs);
  return looks.some(
    (look) =>
      look.wallNs !== undefined &&
      look.at > plan.referenceNs &&
      differ(look.reading.dateNs, look.wallNs) > plan.toleranceNs &&
      !still.some((stretch) => within(stretch, look.at)),
  );
}

const differ = (a: bigint, b: bigint): bigint => (a > b ? a - b : b - a);
