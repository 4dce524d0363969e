/**
 * The clocks of a chaos run as lines of a chart. A wall is shown as its distance from true UTC; an uptime as its distance
 * from the course that it had when its machine booted, for machines boot days apart, and that is no fault. Clocks of
 * guests are there, and shown where they stood still.
 */
import { type ClockPlot, clockPlotOf } from '@skewbed/dashboard/clock-plot.ts';
import { type HostSeries, hostSeriesOf, type Stretch } from '@skewbed/dashboard/clock-series.ts';
import { type HistoryView, type OffsetSeries, viewOf } from '@skewbed/dashboard/view.ts';
import { readSkew } from '@skewbed/model/time/skew.ts';
import type { HistoryEvent, HistoryHeader } from '@skewbed/proto/history.ts';
import { hostUptimeNs, hostWallNs, NS_PER_S, type TrueNs } from '@skewbed/proto/units.ts';
import { isMachineCrash } from '../checkers/checker.ts';
import { UTC_AT_ORIGIN_NS } from '../instants.ts';
import type { LaneViolation } from './lanes.ts';

export type Course = {
  readonly header: HistoryHeader;
  readonly origin: TrueNs;
  /** In order, with what died with its machine (lanes.ts). */
  readonly events: readonly HistoryEvent[];
  readonly violations: readonly LaneViolation[];
  readonly toMs: number;
};

/** A distance of less than this is rounding. */
const LEAST_SHOWN_S = 0.001;
/** A clock of a guest that stood for less is not what anybody looks for. */
const LEAST_FREEZE_NS = NS_PER_S;
/** One that leapt far, as CLOCK_MONOTONIC does to an older machine, would make all others a flat line. */
const GUEST_MOST_S = 600;

/** The view of a chaos run: its reference is the origin. */
export function chaosView({ header, events, origin }: Pick<Course, 'header' | 'events' | 'origin'>): HistoryView {
  const view = viewOf(header, events);
  const clocks = view.clocks.flatMap((series): OffsetSeries[] => {
    if (series.of === 'host') return [];
    return series.clock === 'date' ? [{ ...series, zeroNs: UTC_AT_ORIGIN_NS - origin }] : [series];
  });
  return { ...view, clocks: [...coursesOf(events, origin), ...clocks], reference: origin };
}

/** The chart of a chaos run. */
export function chaosPlot(view: HistoryView, { violations, toMs }: Pick<Course, 'violations' | 'toMs'>): ClockPlot {
  const plot = clockPlotOf(view);
  const froze = new Set(longFreezes(view).map(({ domain, clock }) => `${domain} ${clock}`));
  const lines = plot.lines.map((line, index) => {
    const series = view.clocks[index] as OffsetSeries;
    const most = line.offsets.reduce((largest: number, offset) => Math.max(largest, Math.abs(offset ?? 0)), 0);
    if (series.of === 'guest')
      return { ...line, shown: froze.has(`${series.domain} ${series.clock}`) && most <= GUEST_MOST_S };
    const label = series.clock === 'uptime' ? `${line.label}, from its course` : `${line.label}, from UTC`;
    return { ...line, label, shown: most >= LEAST_SHOWN_S };
  });
  // Where nothing departs from anything, that is what there is to see.
  const calm = lines.every(({ shown }) => !shown);
  const [whole] = plot.windows;
  const shown = { label: 'until it is quiet', from: 0, to: toMs / 1000 };
  return {
    ...plot,
    lines: calm ? lines.map((line) => ({ ...line, shown: line.of === 'host' })) : lines,
    bands: freezeBands(view),
    marks: violations.map(({ number, atMs, what }) => ({
      at: atMs / 1000,
      kind: 'failure',
      label: `${number}: ${what}`,
    })),
    windows: whole === undefined ? [shown] : [shown, whole],
  };
}

const longFreezes = ({ freezes }: HistoryView): HistoryView['freezes'] =>
  freezes.filter(({ from, to }) => to - from >= LEAST_FREEZE_NS);

/** Which guest stands still when. When each of them ran at all the lanes show. */
function freezeBands(view: HistoryView): ClockPlot['bands'] {
  const guests = [...new Set(longFreezes(view).map(({ domain }) => domain))];
  return guests.flatMap((guest) => {
    const freezes = longFreezes(view).filter(({ domain }) => domain === guest);
    const { bands } = clockPlotOf({ ...view, clocks: [], outages: [], freezes });
    return bands.map((band) => ({ ...band, label: `${guest}: ${band.label}` }));
  });
}

/** Walls and uptimes of the hosts, boot by boot. */
function coursesOf(events: readonly HistoryEvent[], origin: TrueNs): OffsetSeries[] {
  const boots = new Map<string, HistoryEvent[][]>();
  for (const event of withLeaps(events)) {
    if (event.host === undefined) continue;
    const list = boots.get(event.host) ?? [];
    boots.set(event.host, list);
    if (list.length === 0 || event.kind === 'host-started') list.push([]);
    if (!isMachineCrash(event)) list.at(-1)?.push(event);
  }
  return [...boots]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([host, each]) => {
      const series = each.flatMap((boot) => hostSeriesOf(boot));
      const of = (clock: HostSeries['clock']): readonly Stretch[] =>
        series.filter((one) => one.clock === clock).flatMap(({ stretches }) => stretches);
      return [
        { of: 'host', host, clock: 'wall', stretches: of('wall'), zeroNs: UTC_AT_ORIGIN_NS - origin },
        { of: 'host', host, clock: 'uptime', stretches: of('uptime').map(fromItsCourse), zeroNs: 0n },
      ];
    });
}

/** As it would be if at boot it had read true time. */
function fromItsCourse(stretch: Stretch): Stretch {
  const [first] = stretch;
  const ahead = first === undefined ? 0n : first.valueNs - first.at;
  return stretch.map(({ at, valueNs }) => ({ at, valueNs: valueNs - ahead }));
}

/** A clock that leaps shows both readings at that instant. An event has the one after it. */
function withLeaps(events: readonly HistoryEvent[]): readonly HistoryEvent[] {
  return events.flatMap((event): HistoryEvent[] => {
    if (event.kind !== 'skew-set' || event.wallNs === undefined || event.uptimeNs === undefined) return [event];
    const { offsetNs } = readSkew(event.skew);
    if (offsetNs === 0n) return [event];
    const before =
      event.clock === 'wall'
        ? { wallNs: hostWallNs(event.wallNs - offsetNs) }
        : { uptimeNs: hostUptimeNs(event.uptimeNs - offsetNs) };
    return [{ ...event, ...before, kind: 'clock-read', why: 'before a leap', uncertaintyNs: 0n }, event];
  });
}
