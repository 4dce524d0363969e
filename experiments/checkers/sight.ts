/**
 * What the programs in the guest were seen to see: the probe events of one run, in order, with the readings right before
 * and right after the reference instant, and the stretches in which a clock stood still.
 * Two probe events with different values mean that the clock moved between them, equal values that it stood: the model
 * looks whenever a slope changes (proto/history.ts).
 */
import type { EventOf, HistoryEvent, ProbeReading } from '@skewbed/proto/history.ts';
import { type DurationNs, NS_PER_S } from '@skewbed/proto/units.ts';
import type { Plan } from '../plan.ts';

export type Look = EventOf<'probe'>;

export type Sight = {
  /** Every probe event of the guest, by instant. */
  readonly looks: readonly Look[];
  /** The last one before the guest stopped, or before the reference instant when nothing moved. */
  readonly before: Look | null;
  /** The first one after the reference instant at which a timer interrupt was done, or a little later when none comes. */
  readonly after: Look | null;
};

/** A stretch in which a value stood still, up to the end of the run when `end` says so. */
export type Stretch = { readonly fromNs: bigint; readonly toNs: bigint; readonly until: 'moved' | 'end' };

const STALL_NS = NS_PER_S;

/** Gathers what the guest saw. */
export function sightOf(plan: Plan, events: readonly HistoryEvent[]): Sight {
  const looks = withoutStalls(events.filter((event): event is Look => event.kind === 'probe'));
  const stopNs = plan.move?.suspendAtNs ?? plan.referenceNs - 1n;
  const before = looks.findLast((look) => (plan.move === null ? look.at < stopNs : look.at <= stopNs)) ?? null;
  const later = looks.filter((look) => look.at >= plan.referenceNs);
  const soon = later.filter((look) => look.at <= plan.referenceNs + 2n * plan.tickNs);
  // A first interrupt that loops for long is done only when it has come out of its loop.
  const spins = events.some(
    (e) =>
      e.kind === 'probe' && e.why === 'spin' && e.at >= plan.referenceNs && e.at <= plan.referenceNs + 2n * plan.tickNs,
  );
  const ticked = (spins ? later : soon).find(
    (look) => before !== null && look.reading.timerInterrupts > before.reading.timerInterrupts && look.why === 'tick',
  );
  // A frozen guest may get no interrupt for days; then the look that was asked for when the first was due stands in.
  return { looks, before, after: ticked ?? soon.findLast((look) => look.why === 'asked') ?? null };
}

/**
 * Drops the looks of a loop with interrupts off that came to its end within a second, as the first tick of suse-2.6.25 on
 * a host which is older by days: a stall that no program lives to see. A longer loop is M4, and its looks stay.
 */
function withoutStalls(looks: readonly Look[]): readonly Look[] {
  const ticks = looks.filter((look) => look.why === 'tick' || look.why === 'start');
  const lasts = (spin: Look): boolean => {
    const before = ticks.findLast((look) => look.at < spin.at)?.at ?? spin.at;
    const after = ticks.find((look) => look.at >= spin.at)?.at;
    return after === undefined || after - before > STALL_NS;
  };
  return looks.filter((look) => look.why !== 'spin' || lasts(look));
}

/** The looks from an instant on, up to another. */
export function looksWithin({ looks }: Sight, fromNs: bigint, toNs: bigint | null = null): readonly Look[] {
  return looks.filter((look) => look.at >= fromNs && (toNs === null || look.at <= toNs));
}

/** Every stretch in which `read` gave one value at two consecutive looks or more. */
export function stretches(looks: readonly Look[], read: (reading: ProbeReading) => bigint): readonly Stretch[] {
  const found: Stretch[] = [];
  let first = 0;
  for (let index = 1; index <= looks.length; index += 1) {
    const same = index < looks.length && read(looks[index]!.reading) === read(looks[first]!.reading);
    if (same) continue;
    // Two looks at one instant show one value, and nothing stood still.
    if (looks[index - 1]!.at > looks[first]!.at)
      found.push({
        fromNs: looks[first]!.at,
        toNs: looks[index - 1]!.at,
        until: index === looks.length ? 'end' : 'moved',
      });
    first = index;
  }
  return found;
}

/** A length of time which may not have come to its end within the run. */
export type Length = DurationNs | 'never';

/**
 * The longest of these stretches. One which lasts to the end of the run is 'never' over, unless it is as short as the
 * clock's own grain.
 */
export function longest(found: readonly Stretch[], grainNs: DurationNs): Length {
  const open = found.find((stretch) => stretch.until === 'end' && stretch.toNs - stretch.fromNs > grainNs);
  if (open !== undefined) return 'never';
  return found.map((stretch) => stretch.toNs - stretch.fromNs).reduce((most, ns) => (ns > most ? ns : most), 0n);
}

/** Whether a length is beyond a bound; what never ends is. */
export const exceeds = (length: Length, boundNs: DurationNs): boolean => length === 'never' || length > boundNs;
