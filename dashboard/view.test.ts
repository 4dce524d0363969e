import type { HistoryEvent } from '@skewbed/proto/history.ts';
import { trueNs } from '@skewbed/proto/units.ts';
import { describe, expect, it } from 'vitest';
import { withoutMidpoints } from './clock-series.ts';
import { reading, seconds, stamp, uptimeGuardHistory, wallGuardHistory } from './example-histories.ts';
import { type HistoryView, valueAt, viewOf } from './view.ts';

const CLOCKS = { wall: 1000, uptime: 500 };

function viewOfEvents(events: readonly HistoryEvent[]): HistoryView {
  return viewOf(wallGuardHistory().header, events);
}

/** A probe of a guest on host a whose four clocks all show `shown` seconds. */
function probe(at: number, shown: number): HistoryEvent {
  const value = { date: shown, monotonic: shown, jiffies: shown, schedClock: shown };
  return { ...stamp(at, 'a', CLOCKS), kind: 'probe', domain: 'g', why: 'asked', reading: reading(value), held: [] };
}

function frozenClocks(view: HistoryView): string[] {
  return view.freezes.map((freeze) => freeze.clock);
}

describe('the wall guard of 2.6.18', () => {
  const { header, events } = wallGuardHistory();
  const view = viewOf(header, events);

  it('stops date and CLOCK_MONOTONIC for 570 s, from the restore on', () => {
    expect(frozenClocks(view)).toEqual(['date', 'monotonic']);
    for (const freeze of view.freezes) {
      expect(freeze).toMatchObject({ from: seconds(40), to: seconds(610), end: 'freed' });
    }
  });

  it('is held by monotonic_tv, which is 570 s ahead of the wall it waits on', () => {
    expect(view.held).toHaveLength(1);
    expect(view.held[0]).toMatchObject({ variable: 'monotonic_tv', waitsOn: 'wall', leadNs: seconds(570) });
    expect(view.held[0]).toMatchObject({ host: 'b', seenTo: seconds(41), expectedFreeAt: seconds(610) });
  });

  it('counts time from the instant the guest ran again', () => {
    expect(view.reference).toBe(seconds(40));
  });

  it('has one outage of 30 s, which is no freeze', () => {
    expect(view.outages).toEqual([{ domain: 'guest', from: seconds(10), to: seconds(40) }]);
  });

  it('pairs a sleep with its return', () => {
    expect(view.timers).toMatchObject([{ timer: 'newSleep', armedAt: seconds(40), returnedAt: seconds(611) }]);
  });

  it('keeps the target running when the copy of the source is destroyed later', () => {
    expect(view.spans.map((span) => [span.host, span.to])).toEqual([
      ['a', seconds(10)],
      ['b', null],
    ]);
  });
});

describe('the clocksource guard of 2.6.35', () => {
  const { header, events } = uptimeGuardHistory();
  const view = viewOf(header, events);

  it('stops every clock of the guest for 800,000 s', () => {
    expect(frozenClocks(view)).toEqual(['date', 'monotonic', 'jiffies', 'schedClock']);
    for (const freeze of view.freezes) expect(freeze.to - freeze.from).toBe(seconds(800_000));
  });

  it('names both variables and the uptime that they wait on', () => {
    expect(view.held.map((row) => [row.mechanism, row.waitsOn, row.leadNs])).toEqual([
      ['M2', 'uptime', seconds(800_000)],
      ['M2b', 'uptime', seconds(800_000)],
    ]);
  });
});

describe('a freeze', () => {
  it('is not seen in a clock that moves', () => {
    expect(viewOfEvents([probe(0, 0), probe(10, 10), probe(20, 20)]).freezes).toEqual([]);
  });

  it('needs more than two ticks of 10 ms', () => {
    expect(viewOfEvents([probe(0, 0), probe(0.02, 0), probe(1, 1)]).freezes).toEqual([]);
    expect(frozenClocks(viewOfEvents([probe(0, 0), probe(0.021, 0), probe(1, 1)]))).toContain('date');
  });

  it('that nobody saw end is still going on', () => {
    const view = viewOfEvents([probe(0, 0), probe(10, 10), probe(60, 10)]);
    expect(view.freezes[0]).toMatchObject({ from: seconds(10), to: seconds(60), end: 'still' });
  });

  it('ends where the clock moves and may begin again: a staircase has one freeze for each step', () => {
    const events = [probe(0, 0), probe(60, 0), probe(60, 60), probe(120, 60), probe(120, 120), probe(130, 130)];
    const dates = viewOfEvents(events).freezes.filter((freeze) => freeze.clock === 'date');
    expect(dates.map((freeze) => [freeze.from, freeze.to])).toEqual([
      [seconds(0), seconds(60)],
      [seconds(60), seconds(120)],
    ]);
  });

  it('does not count the time in which the guest does not run', () => {
    const started: HistoryEvent = { ...stamp(50, 'a', CLOCKS), kind: 'guest-started', domain: 'g', how: 'resumed' };
    const stopped: HistoryEvent = { ...stamp(10, 'a', CLOCKS), kind: 'guest-suspended', domain: 'g' };
    const events = [probe(0, 0), probe(10, 10), stopped, started, probe(50, 10), probe(60, 20)];
    expect(viewOfEvents(events).freezes).toEqual([]);
  });
});

describe('the wall of a host', () => {
  it('has a step at a settime, not a slope from the event before it', () => {
    const settime: HistoryEvent = {
      ...stamp(100, 'a', { wall: 400, uptime: 500 }),
      kind: 'settime',
      by: 'date',
      steppedNs: seconds(-600),
    };
    const start: HistoryEvent = {
      ...stamp(0, 'a', CLOCKS),
      kind: 'host-started',
      wallSkew: '',
      uptimeSkew: '',
      ntp: 'off',
    };
    const view = viewOfEvents([start, settime]);
    const wall = view.clocks.find((series) => series.clock === 'wall');
    const points = wall?.stretches[0] ?? [];
    expect(valueAt(points, trueNs(seconds(50)), 'before')).toBe(seconds(1050));
    expect(points.map((point) => point.valueNs)).toEqual([seconds(1000), seconds(1100), seconds(500)]);
    expect(view.reference).toBe(seconds(100));
  });
});

describe('a series without its midpoints', () => {
  it('draws the same line', () => {
    const at = (instant: number, value: number) => ({ at: trueNs(BigInt(instant)), valueNs: BigInt(value) });
    const points = [at(0, 0), at(1, 1), at(3, 3), at(5, 3), at(9, 3), at(9, 20), at(10, 21)];
    const fewer = withoutMidpoints(points);
    expect(fewer).toEqual([at(0, 0), at(3, 3), at(9, 3), at(9, 20), at(10, 21)]);
    for (let instant = 1n; instant < 10n; instant++) {
      for (const side of ['before', 'after'] as const) {
        expect(valueAt(fewer, trueNs(instant), side)).toBe(valueAt(points, trueNs(instant), side));
      }
    }
  });
});

describe('an empty history', () => {
  it('is an empty view', () => {
    expect(viewOfEvents([])).toMatchObject({ clocks: [], freezes: [], held: [], marks: [], spans: [] });
  });
});
