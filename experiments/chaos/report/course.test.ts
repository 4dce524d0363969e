import { describe, expect, it } from 'vitest';
import { chaosHeader } from '../chaos-run.ts';
import { tried } from '../one-move.ts';
import { chaosPlot, chaosView } from './course.ts';
import { inOrder, lanesOf, withLosses } from './lanes.ts';

/** Offsets of the line with this label, with the instants: [seconds, offset]. */
function plotOf(...args: Parameters<typeof tried>) {
  const { run } = tried(...args);
  const { record } = run;
  const events = withLosses(inOrder(record.events));
  const view = chaosView({ header: chaosHeader(run.schedule), events, origin: record.origin });
  const plot = chaosPlot(view, lanesOf(record, run.violations));
  const line = (label: string) => plot.lines.find((each) => each.label === label)!;
  const at = (label: string, seconds: number): readonly (number | null)[] =>
    plot.times.flatMap((time, index) => (time === seconds ? [line(label).offsets[index] ?? null] : []));
  return { plot, line, at };
}

describe('the chart of a chaos run', () => {
  it('shows a wall from true UTC, and its leap as a vertical line', () => {
    const { at, line } = plotOf([{ kind: 'step', atMs: 10_000, host: 'a', clock: 'wall', byMs: -500 }]);
    expect(at('wall of host a, from UTC', 10)).toEqual([0, -0.5]);
    expect(line('wall of host a, from UTC').shown).toBe(true);
    expect(line('wall of host b, from UTC').shown).toBe(false);
  });

  it('shows an uptime from its course, so that machines which booted days apart can be compared', () => {
    const { at, line } = plotOf([{ kind: 'step', atMs: 10_000, host: 'b', clock: 'uptime', byMs: 700 }], {
      hosts: ['a', 'b'].map((name, index) => ({
        name,
        wallMs: 0,
        uptimeMs: 11_000 + index * 864_000_000,
        ntpMs: null,
        patches: [],
      })),
    });
    expect(at('uptime of host b, from its course', 10)).toEqual([0, 0.7]);
    expect(line('uptime of host a, from its course').shown).toBe(false);
  });

  it('begins a new course when a machine boots', () => {
    const died = { kind: 'crash', atMs: 3000, process: 'a', when: { on: 'time' }, waitsMs: 1, forMs: 2000 } as const;
    const { line } = plotOf([died]);
    const largest = Math.max(...line('uptime of host a, from its course').offsets.map((each) => Math.abs(each ?? 0)));
    expect(largest).toBeLessThan(0.001);
  });

  it('shows clocks of a guest that stood for long, and says whose', () => {
    // K4 on a host that is 20 s younger stands for 20 s.
    const young = plotOf([], {
      hosts: [30_000, 10_000].map((uptimeMs, index) => ({
        name: 'ab'[index]!,
        wallMs: 0,
        uptimeMs,
        ntpMs: null,
        patches: [],
      })),
      guests: [{ name: 'red', kernel: 'pvops-2.6.35', host: 'a', pages: 256, patches: [] }],
    });
    expect(young.plot.bands.map(({ label }) => label)).toEqual([
      expect.stringMatching(/^red: .*CLOCK_MONOTONIC.*stand/),
    ]);
    expect(young.line('CLOCK_MONOTONIC').shown).toBe(true);
    const calm = plotOf([]);
    expect(calm.plot.bands).toEqual([]);
    // Nothing departs from anything: then the hosts' clocks show that.
    expect(calm.plot.lines.filter(({ shown }) => shown).map(({ of }) => of)).toEqual(['host', 'host', 'host', 'host']);
  });
});
