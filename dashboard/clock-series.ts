/**
 * The clocks of guests and hosts as series over true time, from probe events and from the stamps that every event of a
 * host carries. Probes are sparse by rule: between two readings with different values the clock moved uniformly,
 * between two equal readings it stood still. So a series is a piecewise linear function and nothing is guessed.
 * A stamp shows the host's clocks after its event; a settime therefore gets a point before its step as well.
 */
import type { EventOf, HistoryEvent, ProbeReading } from '@skewbed/proto/history.ts';
import type { TrueNs } from '@skewbed/proto/units.ts';
import type { RunningSpan } from './running-spans.ts';

export type GuestClock = 'date' | 'monotonic' | 'jiffies' | 'schedClock';
export type HostClock = 'wall' | 'uptime';
export const GUEST_CLOCKS: readonly GuestClock[] = ['date', 'monotonic', 'jiffies', 'schedClock'];

/** A clock's value at an instant. Jiffies are turned into nanoseconds. */
export type ClockPoint = { readonly at: TrueNs; readonly valueNs: bigint };
/** Points in order of time, with straight lines between them. Two points at one instant are a step. */
export type Stretch = readonly ClockPoint[];

export type GuestSeries = {
  readonly of: 'guest';
  readonly domain: string;
  readonly clock: GuestClock;
  /** One for each running span: a guest that does not run shows no clock. */
  readonly stretches: readonly Stretch[];
};
export type HostSeries = {
  readonly of: 'host';
  readonly host: string;
  readonly clock: HostClock;
  readonly stretches: readonly Stretch[];
};

/** Every clock of every guest. */
export function guestSeriesOf(
  events: readonly HistoryEvent[],
  spans: readonly RunningSpan[],
  tickNs: bigint,
): GuestSeries[] {
  const probes = events.filter((event): event is EventOf<'probe'> => event.kind === 'probe');
  const series: GuestSeries[] = [];
  for (const domain of new Set(probes.map((probe) => probe.domain))) {
    const groups = spans
      .filter((span) => span.domain === domain)
      .map((span) => probes.filter((probe) => probe.domain === domain && within(span, probe)));
    for (const clock of GUEST_CLOCKS) {
      const stretches = groups
        .map((group) => withoutMidpoints(group.map((probe) => pointOf(probe, clock, tickNs))))
        .filter((stretch) => stretch.length > 0);
      series.push({ of: 'guest', domain, clock, stretches });
    }
  }
  return series;
}

/** Wall and uptime of every host that stamped an event. */
export function hostSeriesOf(events: readonly HistoryEvent[]): HostSeries[] {
  const walls = new Map<string, ClockPoint[]>();
  const uptimes = new Map<string, ClockPoint[]>();
  for (const event of events) {
    if (event.host === undefined) continue;
    if (event.wallNs !== undefined) {
      const points = listOf(walls, event.host);
      const stepped = event.kind === 'settime' ? event.steppedNs : 0n;
      if (stepped !== 0n && points.length > 0) points.push({ at: event.at, valueNs: event.wallNs - stepped });
      points.push({ at: event.at, valueNs: event.wallNs });
    }
    if (event.uptimeNs !== undefined) {
      listOf(uptimes, event.host).push({ at: event.at, valueNs: event.uptimeNs });
    }
  }
  const hosts = [...new Set([...walls.keys(), ...uptimes.keys()])].sort();
  return hosts.flatMap((host) => [
    { of: 'host' as const, host, clock: 'wall' as const, stretches: [withoutMidpoints(walls.get(host) ?? [])] },
    { of: 'host' as const, host, clock: 'uptime' as const, stretches: [withoutMidpoints(uptimes.get(host) ?? [])] },
  ]);
}

/** The same line through fewer points: a point on the straight line between its neighbours says nothing. Exact. */
export function withoutMidpoints(points: readonly ClockPoint[]): ClockPoint[] {
  const kept: ClockPoint[] = [];
  for (const point of points) {
    const last = kept.at(-1);
    if (last !== undefined && last.at === point.at && last.valueNs === point.valueNs) continue;
    const beforeLast = kept.at(-2);
    if (last !== undefined && beforeLast !== undefined && onOneLine(beforeLast, last, point)) kept.pop();
    kept.push(point);
  }
  return kept;
}

function onOneLine(first: ClockPoint, middle: ClockPoint, last: ClockPoint): boolean {
  if (first.at === middle.at || middle.at === last.at) return false;
  return (
    (middle.valueNs - first.valueNs) * (last.at - middle.at) ===
    (last.valueNs - middle.valueNs) * (middle.at - first.at)
  );
}

function within(span: RunningSpan, probe: EventOf<'probe'>): boolean {
  const sameHost = span.host === '' || probe.host === undefined || probe.host === span.host;
  return sameHost && probe.at >= span.from && (span.to === null || probe.at <= span.to);
}

function pointOf(probe: EventOf<'probe'>, clock: GuestClock, tickNs: bigint): ClockPoint {
  return { at: probe.at, valueNs: readClock(probe.reading, clock, tickNs) };
}

function readClock(reading: ProbeReading, clock: GuestClock, tickNs: bigint): bigint {
  switch (clock) {
    case 'date':
      return reading.dateNs;
    case 'monotonic':
      return reading.monotonicNs;
    case 'jiffies':
      return reading.jiffies * tickNs;
    case 'schedClock':
      return reading.schedClockNs;
  }
}

function listOf(map: Map<string, ClockPoint[]>, key: string): ClockPoint[] {
  const existing = map.get(key);
  if (existing !== undefined) return existing;
  const made: ClockPoint[] = [];
  map.set(key, made);
  return made;
}
