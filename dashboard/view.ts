/**
 * What a history looks like: clocks as series, marks, freezes, downtime, held variables. A pure function of header and
 * events, for the live page and for the report; of a history that is still growing it gives the view so far.
 * It judges nothing. Verdict and mechanism come from the checkers.
 */
import type { EventOf, HistoryEvent, HistoryHeader } from '@skewbed/proto/history.ts';
import { NS_PER_S, type TrueNs, trueNs } from '@skewbed/proto/units.ts';
import { type ClockPoint, type GuestSeries, guestSeriesOf, type HostSeries, hostSeriesOf } from './clock-series.ts';
import { type Mark, marksOf } from './event-marks.ts';
import { type Freeze, freezesOf, type HeldRow, heldRowsOf } from './freezes.ts';
import { type OutageSpan, outagesOf, type RunningSpan, runningSpansOf } from './running-spans.ts';

/** A clock with the value that counts as 'right': its offset is value - at - zeroNs. */
export type OffsetSeries = (GuestSeries | HostSeries) & { readonly zeroNs: bigint };

/** A program's sleep in a guest, from arming to return. */
export type TimerSpan = {
  readonly domain: string;
  readonly timer: string;
  readonly timerKind: string;
  readonly lengthNs: bigint;
  readonly armedAt: TrueNs;
  readonly returnedAt: TrueNs | null;
};

export type HistoryView = {
  /** First and last instant of the history. */
  readonly from: TrueNs;
  readonly to: TrueNs;
  /** When the guest ran again; without a move the first settime by a person; without that the beginning. */
  readonly reference: TrueNs;
  readonly tickNs: bigint;
  readonly clocks: readonly OffsetSeries[];
  readonly spans: readonly RunningSpan[];
  readonly outages: readonly OutageSpan[];
  readonly freezes: readonly Freeze[];
  readonly held: readonly HeldRow[];
  readonly timers: readonly TimerSpan[];
  readonly marks: readonly Mark[];
};

const DEFAULT_HZ = 100n;

/** Everything that a page shows of a run. `events` are in order of true time. */
export function viewOf(header: HistoryHeader, events: readonly HistoryEvent[]): HistoryView {
  const tickNs = NS_PER_S / hzOf(header.plan);
  // A reader between two ticks may see one value for a tick; only what stands longer than two is standing.
  const floorNs = 2n * tickNs;
  const spans = runningSpansOf(events);
  const guests = guestSeriesOf(events, spans, tickNs);
  const reference = referenceOf(events);
  return {
    from: events[0]?.at ?? trueNs(0n),
    to: events.at(-1)?.at ?? trueNs(0n),
    reference,
    tickNs,
    clocks: withZeros(guests, hostSeriesOf(events), spans, reference),
    spans,
    outages: outagesOf(spans),
    freezes: freezesOf(guests, floorNs),
    held: heldRowsOf(events, floorNs),
    timers: timersOf(events),
    marks: marksOf(events),
  };
}

/** The value of a piecewise linear clock at an instant, before or after a step there; null where the clock is not seen. */
export function valueAt(points: readonly ClockPoint[], at: TrueNs, side: 'before' | 'after'): bigint | null {
  let low = 0;
  let high = points.length;
  // The first point that lies behind `at` as seen from this side.
  while (low < high) {
    const middle = (low + high) >>> 1;
    const here = points[middle]?.at ?? at;
    if (side === 'before' ? here >= at : here > at) high = middle;
    else low = middle + 1;
  }
  const left = points[low - 1];
  const right = points[low];
  if (side === 'after' && left !== undefined && left.at === at) return right === undefined ? null : left.valueNs;
  if (side === 'before' && right !== undefined && right.at === at) return left === undefined ? null : right.valueNs;
  if (left === undefined || right === undefined) return null;
  return left.valueNs + ((right.valueNs - left.valueNs) * (at - left.at)) / (right.at - left.at);
}

/**
 * Walls and dates are compared with the wall of the first host at the first stop, which is how the project defines true
 * UTC; uptimes with the uptime of that host then; a guest's other clocks with their own value then.
 * Without a stop the instant is the reference, read before whatever happens there.
 */
function withZeros(
  guests: readonly GuestSeries[],
  hosts: readonly HostSeries[],
  spans: readonly RunningSpan[],
  reference: TrueNs,
): OffsetSeries[] {
  const origin = spans[0];
  const zeroAt = origin?.to ?? reference;
  const homeZero = (clock: HostSeries['clock']): bigint | null => {
    const home = hosts.find(
      (series) => series.clock === clock && (origin === undefined || series.host === origin.host),
    );
    return home === undefined ? null : offsetNear(home.stretches, zeroAt);
  };
  const wallZero = homeZero('wall');
  const uptimeZero = homeZero('uptime');
  return [...guests, ...hosts].map((series) => {
    const own = offsetNear(series.stretches, zeroAt) ?? 0n;
    if (series.clock === 'wall' || series.clock === 'date') return { ...series, zeroNs: wallZero ?? own };
    return { ...series, zeroNs: series.clock === 'uptime' ? (uptimeZero ?? own) : own };
  });
}

/** value - at just before `at`, or at the first point when the clock was not seen before. */
function offsetNear(stretches: readonly (readonly ClockPoint[])[], at: TrueNs): bigint | null {
  for (const points of stretches) {
    const value = valueAt(points, at, 'before');
    if (value !== null) return value - at;
  }
  const points = stretches.flat();
  const nearest = points.findLast((point) => point.at <= at) ?? points[0];
  return nearest === undefined ? null : nearest.valueNs - nearest.at;
}

function referenceOf(events: readonly HistoryEvent[]): TrueNs {
  const event =
    events.find((one) => one.kind === 'guest-started' && one.how !== 'booted') ??
    events.find((one) => one.kind === 'settime' && one.by === 'date') ??
    events[0];
  return event?.at ?? trueNs(0n);
}

function timersOf(events: readonly HistoryEvent[]): TimerSpan[] {
  const timers: TimerSpan[] = [];
  const open = new Map<string, number>();
  for (const event of events) {
    if (event.kind === 'timer-armed') {
      open.set(timerKey(event), timers.length);
      const { domain, timer, timerKind, lengthNs } = event;
      timers.push({ domain, timer, timerKind, lengthNs, armedAt: event.at, returnedAt: null });
    } else if (event.kind === 'timer-returned') {
      const index = open.get(timerKey(event));
      const armed = index === undefined ? undefined : timers[index];
      if (index === undefined || armed === undefined) continue;
      open.delete(timerKey(event));
      timers[index] = { ...armed, returnedAt: event.at };
    }
  }
  return timers;
}

function timerKey(event: EventOf<'timer-armed'> | EventOf<'timer-returned'>): string {
  return JSON.stringify([event.domain, event.timer]);
}

/** Ticks a second of the guest. The plan is the scenario as it was read; an unknown form of it means the default. */
function hzOf(plan: unknown): bigint {
  const guest = fieldOf(plan, 'guest');
  const hz = fieldOf(guest, 'hz');
  return typeof hz === 'number' && Number.isInteger(hz) && hz > 0 ? BigInt(hz) : DEFAULT_HZ;
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
