/**
 * A view as numbers for a chart: every clock minus true time, in seconds, on one common time axis of seconds since the
 * reference instant. A clock that runs is a level line, a clock that stands still falls by one second a second, a step
 * is a vertical line, a guest that does not run is a gap.
 * The axis holds an instant twice where some clock steps there: once with the values before and once with those after.
 */
import type { TrueNs } from '@skewbed/proto/units.ts';
import { NS_PER_S, secondsOf, trueNs } from '@skewbed/proto/units.ts';
import type { GuestClock } from './clock-series.ts';
import type { Mark } from './event-marks.ts';
import { type HistoryView, type OffsetSeries, valueAt } from './view.ts';

export type PlotLine = {
  readonly label: string;
  readonly of: 'guest' | 'host';
  readonly clock: OffsetSeries['clock'];
  /** Counts the lines of the same clock, so that two hosts' walls can look different. */
  readonly rank: number;
  /** Whether it is drawn before anybody asks: a clock that plays no part would only stretch the scale. */
  readonly shown: boolean;
  readonly offsets: readonly (number | null)[];
};
export type PlotBand = {
  readonly kind: 'outage' | 'freeze';
  readonly from: number;
  readonly to: number;
  readonly label: string;
};
export type PlotMark = { readonly at: number; readonly kind: Mark['kind']; readonly label: string };

/** What dashboard/browser/clock-chart.js draws. Plain JSON. */
export type ClockPlot = {
  readonly times: readonly number[];
  readonly lines: readonly PlotLine[];
  readonly bands: readonly PlotBand[];
  readonly marks: readonly PlotMark[];
  /** Windows of the time axis that are worth a button. */
  readonly windows: readonly { readonly label: string; readonly from: number; readonly to: number }[];
};

/** Beyond this many marks a chart shows none of that kind: a picket fence explains nothing. */
const MARKS_OF_ONE_KIND_MAX = 40;

export const CLOCK_LABEL: Readonly<Record<OffsetSeries['clock'], string>> = {
  date: 'date',
  monotonic: 'CLOCK_MONOTONIC',
  jiffies: 'jiffies',
  schedClock: 'sched_clock',
  wall: 'wall',
  uptime: 'uptime',
};

/** The numbers behind the chart of a view. */
export function clockPlotOf(view: HistoryView): ClockPlot {
  const instants = instantsOf(view);
  const several = new Set(view.spans.map((span) => span.domain)).size > 1;
  const columns = view.clocks.map((series) => offsetsOf(series, instants));
  const ranks = new Map<string, number>();
  // An instant is drawn twice only where a line steps, begins or ends.
  const kept: { at: TrueNs; side: 'before' | 'after'; index: number }[] = [];
  instants.forEach((at, index) => {
    const same = columns.every((column) => column.before[index] === column.after[index]);
    kept.push({ at, side: 'before', index });
    if (!same) kept.push({ at, side: 'after', index });
  });
  const seconds = (at: bigint): number => secondsOf(at - view.reference);
  return {
    times: kept.map((entry) => seconds(entry.at)),
    lines: view.clocks.map((series, column) => {
      const rank = ranks.get(series.clock) ?? 0;
      ranks.set(series.clock, rank + 1);
      const offsets = columns[column];
      return {
        label: labelOf(series, several),
        of: series.of,
        clock: series.clock,
        rank,
        shown: isPartOfTheStory(view, series),
        offsets: kept.map((entry) => offsets?.[entry.side][entry.index] ?? null),
      };
    }),
    bands: bandsOf(view, seconds),
    marks: plotMarksOf(view, seconds),
    windows: windowsOf(view, seconds),
  };
}

/** Names of clocks in a sentence: 'date', 'date and CLOCK_MONOTONIC', 'date, jiffies and sched_clock'. */
export function clockNames(clocks: readonly GuestClock[]): string {
  const names = clocks.map((clock) => CLOCK_LABEL[clock]);
  if (names.length < 2) return names.join('');
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

function instantsOf(view: HistoryView): TrueNs[] {
  const all = new Set<bigint>();
  for (const series of view.clocks) {
    for (const stretch of series.stretches) for (const point of stretch) all.add(point.at);
  }
  return [...all].sort((one, other) => (one < other ? -1 : one > other ? 1 : 0)).map(trueNs);
}

type Columns = { readonly before: (number | null)[]; readonly after: (number | null)[] };

function offsetsOf(series: OffsetSeries, instants: readonly TrueNs[]): Columns {
  const at = (instant: TrueNs, side: 'before' | 'after'): number | null => {
    for (const stretch of series.stretches) {
      const value = valueAt(stretch, instant, side);
      if (value !== null) return secondsOf(value - instant - series.zeroNs);
    }
    return null;
  };
  return {
    before: instants.map((instant) => at(instant, 'before')),
    after: instants.map((instant) => at(instant, 'after')),
  };
}

/** Date, monotonic and walls always; uptimes, jiffies and sched_clock where something waited on them or they stood. */
function isPartOfTheStory(view: HistoryView, series: OffsetSeries): boolean {
  switch (series.clock) {
    case 'date':
    case 'monotonic':
    case 'wall':
      return true;
    case 'uptime':
      // A deadline lies ahead of the uptime in every idle guest; only other variables are news.
      return view.held.some((row) => row.waitsOn === 'uptime' && row.mechanism !== 'M2b');
    case 'jiffies':
    case 'schedClock':
      return view.freezes.some((freeze) => freeze.clock === series.clock);
  }
}

function labelOf(series: OffsetSeries, several: boolean): string {
  if (series.of === 'host') return `${CLOCK_LABEL[series.clock]} of host ${series.host}`;
  return several ? `${CLOCK_LABEL[series.clock]} in ${series.domain}` : CLOCK_LABEL[series.clock];
}

function bandsOf(view: HistoryView, seconds: (at: bigint) => number): PlotBand[] {
  const outages = view.outages.map((outage): PlotBand => {
    const end = outage.to ?? view.to;
    return { kind: 'outage', from: seconds(outage.from), to: seconds(end), label: 'not running' };
  });
  // Clocks that stand still over the same time are one band; the label names them all.
  const merged = new Map<string, { from: bigint; to: bigint; clocks: GuestClock[] }>();
  for (const freeze of view.freezes) {
    const near = [...merged.values()].find(
      (band) =>
        distance(band.from, freeze.from) <= view.tickNs * 2n && distance(band.to, freeze.to) <= view.tickNs * 2n,
    );
    if (near === undefined)
      merged.set(String(merged.size), { from: freeze.from, to: freeze.to, clocks: [freeze.clock] });
    else if (!near.clocks.includes(freeze.clock)) near.clocks.push(freeze.clock);
  }
  const freezes = [...merged.values()].map(
    (band): PlotBand => ({
      kind: 'freeze',
      from: seconds(band.from),
      to: seconds(band.to),
      label: `${clockNames(band.clocks)} ${band.clocks.length === 1 ? 'stands' : 'stand'} still`,
    }),
  );
  return [...outages, ...freezes].sort((one, other) => one.from - other.from);
}

function plotMarksOf(view: HistoryView, seconds: (at: bigint) => number): PlotMark[] {
  const marks = view.marks.filter((mark) => mark.weight === 'chart');
  const counts = new Map<string, number>();
  for (const mark of marks) counts.set(mark.kind, (counts.get(mark.kind) ?? 0) + 1);
  return marks
    .filter((mark) => (counts.get(mark.kind) ?? 0) <= MARKS_OF_ONE_KIND_MAX)
    .map((mark) => ({
      at: seconds(mark.at),
      kind: mark.kind,
      label: mark.host === null ? mark.text : `${mark.host}: ${mark.text}`,
    }));
}

function windowsOf(view: HistoryView, seconds: (at: bigint) => number): ClockPlot['windows'] {
  const all = { label: 'whole run', from: seconds(view.from), to: seconds(view.to) };
  const outage = view.outages[0];
  if (outage === undefined || outage.to === null) return [all];
  const length = outage.to - outage.from;
  const margin = length * 2n > NS_PER_S ? length * 2n : NS_PER_S;
  const around = {
    from: Math.max(seconds(outage.from - margin), all.from),
    to: Math.min(seconds(outage.to + margin), all.to),
  };
  return [all, { label: 'around the stop', ...around }];
}

function distance(one: bigint, other: bigint): bigint {
  return one > other ? one - other : other - one;
}
