/**
 * Stretches in which a running guest's clock showed one value, and the variables that held it there.
 * Nothing here decides that a guest hangs: that is the checkers' verdict. A freeze is what the probes show.
 */
import type { HeldVariable, HistoryEvent } from '@skewbed/proto/history.ts';
import { type TrueNs, trueNs } from '@skewbed/proto/units.ts';
import type { GuestClock, GuestSeries } from './clock-series.ts';

export type Freeze = {
  readonly domain: string;
  readonly clock: GuestClock;
  readonly from: TrueNs;
  /** The last instant at which the clock was seen standing. */
  readonly to: TrueNs;
  /** 'freed': it was seen to move afterwards. 'still': the history, or the guest's run, ends before that. */
  readonly end: 'freed' | 'still';
};

/** One variable that is ahead of the clock it waits on, over the time in which it held one value on one host. */
export type HeldRow = {
  readonly domain: string;
  readonly host: string;
  readonly variable: string;
  readonly mechanism: HeldVariable['mechanism'];
  readonly waitsOn: HeldVariable['waitsOn'];
  readonly holdsNs: bigint;
  readonly seenFrom: TrueNs;
  readonly seenTo: TrueNs;
  /** How far the variable was ahead when it was first seen so: the length of the freeze, if nobody sets a clock. */
  readonly leadNs: bigint;
  /** When the clock it waits on gets there, if that clock runs at the rate of true time and nobody sets it. */
  readonly expectedFreeAt: TrueNs;
};

/** Every freeze longer than `floorNs`, guest by guest, clock by clock. */
export function freezesOf(series: readonly GuestSeries[], floorNs: bigint): Freeze[] {
  const freezes: Freeze[] = [];
  for (const { domain, clock, stretches } of series) {
    for (const stretch of stretches) {
      let first = stretch[0];
      for (let index = 1; index <= stretch.length && first !== undefined; index++) {
        const point = stretch[index];
        if (point !== undefined && point.valueNs === first.valueNs) continue;
        const last = stretch[index - 1] ?? first;
        if (last.at - first.at > floorNs) {
          freezes.push({ domain, clock, from: first.at, to: last.at, end: point === undefined ? 'still' : 'freed' });
        }
        first = point;
      }
    }
  }
  return freezes;
}

/** The variables that were ahead by more than `floorNs`, in the order in which they were first seen so. */
export function heldRowsOf(events: readonly HistoryEvent[], floorNs: bigint): HeldRow[] {
  const rows = new Map<string, HeldRow>();
  for (const event of events) {
    if (event.kind !== 'probe') continue;
    for (const held of event.held) {
      const leadNs = held.holdsNs - held.clockNs;
      if (leadNs <= floorNs) continue;
      const host = event.host ?? '';
      const key = JSON.stringify([event.domain, host, held.variable, held.mechanism, held.holdsNs.toString()]);
      const known = rows.get(key);
      if (known !== undefined) {
        rows.set(key, { ...known, seenTo: event.at });
        continue;
      }
      rows.set(key, {
        domain: event.domain,
        host,
        variable: held.variable,
        mechanism: held.mechanism,
        waitsOn: held.waitsOn,
        holdsNs: held.holdsNs,
        seenFrom: event.at,
        seenTo: event.at,
        leadNs,
        expectedFreeAt: trueNs(event.at + leadNs),
      });
    }
  }
  return [...rows.values()];
}
