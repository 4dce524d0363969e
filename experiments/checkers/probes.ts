/**
 * The ten probes of a result (design section 8, facts K.6): what each kind of program in the guest saw after the
 * reference instant. null stands for a probe that did not look at all, which no verdict may take for health.
 * Lengths are nanoseconds here; result.ts writes seconds.
 */
import type { HistoryEvent, ProbeReading } from '@skewbed/proto/history.ts';
import type { DurationNs } from '@skewbed/proto/units.ts';
import type { Plan } from '../plan.ts';
import { type Length, longest, looksWithin, type Sight, sightOf, stretches } from './sight.ts';
import { type Waited, waitOf, waitsOf } from './sleeps.ts';

export type SleepProbe = { readonly late: Length; readonly earlyNs: DurationNs };

export type Probes = {
  readonly newSleep: SleepProbe | null;
  readonly oldSleep: SleepProbe | null;
  readonly date: { readonly stuckFor: Length; readonly stepNs: DurationNs; readonly aheadOfHostNs: DurationNs } | null;
  readonly monotonic: { readonly stuckFor: Length; readonly leapNs: DurationNs } | null;
  readonly jiffies: { readonly stuckFor: Length } | null;
  readonly cpuLoop: { readonly ran: boolean } | null;
  readonly netEcho: { readonly ok: boolean } | null;
  readonly schedClock: { readonly stuckFor: Length; readonly leapNs: DurationNs } | null;
  readonly vcpu: { readonly blockedFor: Length } | null;
  readonly console: readonly string[];
};

/** A stretch without timer interrupt which is no longer than this many ticks is no blockage. */
const BLOCKED_TICKS = 2n;

/** Reads every probe from a history. */
export function probesOf(plan: Plan, events: readonly HistoryEvent[]): Probes {
  const sight = sightOf(plan, events);
  const waits = waitsOf(plan, events);
  const looks = looksWithin(sight, plan.referenceNs);
  const grainNs = BLOCKED_TICKS * plan.tickNs;
  const stuckFor = (read: (reading: ProbeReading) => bigint): Length => longest(stretches(looks, read), grainNs);
  const { before, after } = sight;
  const seen = before !== null && after !== null && looks.length > 1;
  const gained = (clock: StepClock): DurationNs => gainOf(sight, plan, clock);
  const echo = events.findLast((event) => event.kind === 'echo' && event.at >= plan.referenceNs);
  const loop = events.findLast((event) => event.kind === 'cpu-loop' && event.at >= plan.referenceNs);
  return {
    newSleep: sleepProbe(waitOf(waits, 'new-sleep')),
    oldSleep: sleepProbe(waitOf(waits, 'old-sleep')),
    date:
      seen && after.wallNs !== undefined
        ? {
            stuckFor: stuckFor((reading) => reading.dateNs),
            stepNs: gained('dateNs'),
            aheadOfHostNs: before.reading.dateNs + gained('dateNs') - (after.wallNs - (after.at - plan.referenceNs)),
          }
        : null,
    monotonic: seen ? { stuckFor: stuckFor((reading) => reading.monotonicNs), leapNs: gained('monotonicNs') } : null,
    jiffies: seen ? { stuckFor: stuckFor((reading) => reading.jiffies) } : null,
    cpuLoop: loop?.kind === 'cpu-loop' ? { ran: loop.ran } : null,
    netEcho: echo?.kind === 'echo' ? { ok: echo.ok } : null,
    schedClock: seen ? { stuckFor: stuckFor((reading) => reading.schedClockNs), leapNs: gained('schedClockNs') } : null,
    vcpu: seen ? { blockedFor: blockedFor(sight, plan, grainNs) } : null,
    console: consoleOf(plan, events),
  };
}

/** The probes that did not look. */
export function missingProbes(probes: Probes): readonly string[] {
  return Object.entries(probes).flatMap(([name, probe]) => (probe === null ? [name] : []));
}

type StepClock = 'dateNs' | 'monotonicNs' | 'schedClockNs';

/**
 * What a clock shows right after the reference instant minus right before. The look comes up to a tick after it, which a
 * clock that goes on has counted: that is taken off again.
 */
function gainOf({ looks, before, after }: Sight, { referenceNs }: Plan, clock: StepClock): DurationNs {
  const started = looks.find((look) => look.at >= referenceNs);
  const moved = started !== undefined && started.reading[clock] !== after!.reading[clock];
  return after!.reading[clock] - before!.reading[clock] - (moved ? after!.at - referenceNs : 0n);
}

const sleepProbe = (wait: Waited | null): SleepProbe | null =>
  wait === null ? null : { late: wait.late, earlyNs: wait.earlyNs };

/** The longest time without a timer interrupt in which Xen did not see the vCPU run. */
function blockedFor(sight: Sight, plan: Plan, grainNs: DurationNs): Length {
  const looks = looksWithin(sight, plan.referenceNs);
  // At a look of its own making, such as a start or a tick, the guest runs by definition.
  const idle = stretches(looks, (reading) => reading.timerInterrupts).filter((stretch) =>
    looksWithin(sight, stretch.fromNs, stretch.toNs).every(
      (look) => look.why !== 'asked' || look.reading.vcpu !== 'running',
    ),
  );
  const length = longest(idle, grainNs);
  return length !== 'never' && length <= grainNs ? 0n : length;
}

/** What the guest's kernel printed from the reference instant on, each line once. */
function consoleOf(plan: Plan, events: readonly HistoryEvent[]): readonly string[] {
  const lines = events.flatMap((event) =>
    event.kind === 'console' && event.at >= plan.referenceNs ? [event.line] : [],
  );
  return [...new Set(lines)];
}
