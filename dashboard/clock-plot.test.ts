import { describe, expect, it } from 'vitest';
import { type ClockPlot, clockNames, clockPlotOf } from './clock-plot.ts';
import { uptimeGuardHistory, wallGuardHistory } from './example-histories.ts';
import { viewOf } from './view.ts';

/** The offset of a line at an instant: before and after, when it is drawn twice there. */
function offsetsAt(plot: ClockPlot, label: string, at: number): (number | null)[] {
  const line = plot.lines.find((one) => one.label === label);
  return plot.times.flatMap((time, index) => (time === at ? [line?.offsets[index] ?? null] : []));
}

describe('the chart of a guest that waits on a wall', () => {
  const { header, events } = wallGuardHistory();
  const plot = clockPlotOf(viewOf(header, events));

  it('shows its date falling until the wall of host b meets it', () => {
    expect(offsetsAt(plot, 'date', 0)).toEqual([null, -30]);
    expect(offsetsAt(plot, 'date', 570)).toEqual([-600]);
    expect(offsetsAt(plot, 'wall of host b', 570)).toEqual([-600]);
  });

  it('has a gap while the guest does not run', () => {
    expect(offsetsAt(plot, 'date', -30)).toEqual([0, null]);
  });

  it('shades the outage and one freeze that names both clocks', () => {
    expect(plot.bands).toEqual([
      { kind: 'outage', from: -30, to: 0, label: 'not running' },
      { kind: 'freeze', from: 0, to: 570, label: 'date and CLOCK_MONOTONIC stand still' },
    ]);
  });

  it('leaves uptimes out of the picture, on which nothing waits', () => {
    const shown = plot.lines.filter((line) => line.shown).map((line) => line.label);
    expect(shown).toEqual(['date', 'CLOCK_MONOTONIC', 'wall of host a', 'wall of host b']);
  });

  it('has a time axis that never goes back', () => {
    expect([...plot.times].sort((one, other) => one - other)).toEqual(plot.times);
  });
});

describe('the chart of a guest that waits on an uptime', () => {
  const { header, events } = uptimeGuardHistory();
  const plot = clockPlotOf(viewOf(header, events));

  it('shows CLOCK_MONOTONIC meeting the uptime of host b', () => {
    expect(offsetsAt(plot, 'CLOCK_MONOTONIC', 800_000)).toEqual([-800_002]);
    expect(offsetsAt(plot, 'uptime of host b', 800_000)).toEqual([-800_002]);
    expect(plot.lines.find((line) => line.label === 'uptime of host b')?.shown).toBe(true);
  });

  it('offers a window around the stop', () => {
    expect(plot.windows[1]).toEqual({ label: 'around the stop', from: -6, to: 4 });
  });

  it('offers no window that reaches beyond the run', () => {
    const wall = wallGuardHistory();
    const [whole, around] = clockPlotOf(viewOf(wall.header, wall.events)).windows;
    expect(whole).toMatchObject({ from: -40, to: 620 });
    expect(around).toMatchObject({ from: -40, to: 60 });
  });
});

it('names clocks as a sentence does', () => {
  expect(clockNames(['date'])).toBe('date');
  expect(clockNames(['date', 'monotonic', 'jiffies'])).toBe('date, CLOCK_MONOTONIC and jiffies');
});
