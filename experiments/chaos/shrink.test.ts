import { describe, expect, it } from 'vitest';
import { runChaos } from './chaos-run.ts';
import { drawSchedule } from './generator.ts';
import type { Schedule } from './schedule.ts';
import { failsBy, shrink } from './shrink.ts';

/** As if a run failed whenever somebody typed `date` on host b with a step back of 1234 ms or more. */
const fakeFailure = ({ faults }: Schedule): boolean =>
  faults.some((fault) => fault.kind === 'date' && fault.host === 'b' && fault.byMs <= -1234);

const found = (): Schedule => {
  for (let seed = 1; ; seed++) {
    const schedule = drawSchedule(seed, { faults: 40 });
    if (fakeFailure(schedule)) return schedule;
  }
};

describe('shrinking', () => {
  it('leaves the one fault that matters, the one host, and the smallest step, to the millisecond', () => {
    const { schedule, thresholds, runs } = shrink(found(), fakeFailure);
    expect(schedule.faults).toMatchObject([{ kind: 'date', host: 'b', byMs: -1234, atMs: 1000 }]);
    expect([schedule.moves, schedule.guests]).toEqual([[], []]);
    expect(schedule.hosts.map(({ name }) => name)).toHaveLength(1);
    expect(thresholds).toContainEqual({ of: 'step of fault 0 (date)', clock: 'wall', value: -1234, unit: 'ms' });
    expect(runs).toBeLessThan(300);
  });

  it('never keeps a schedule that does not fail', () => {
    const kept: Schedule[] = [];
    shrink(found(), (schedule) => {
      const fails = fakeFailure(schedule);
      if (fails) kept.push(schedule);
      return fails;
    });
    expect(kept.every(fakeFailure)).toBe(true);
  });

  it('stops when it has run as many as it may', () => {
    expect(shrink(found(), fakeFailure, 5).runs).toBe(5);
  });

  // One for each checker; bugs that a hundred seeds are needed for would only take longer.
  it.each([
    ['abort-loses-guest', 'copies'],
    ['resume-without-commit', 'journal'],
    ['lose-dirty-page', 'digest'],
    ['scribble-after-digest', 'memory'],
    ['abort-keeps-target', 'frames'],
    ['swallow-wallclock', 'wall'],
    ['monotonic-back', 'monotonic'],
    ['guard-not-reset', 'freeze'],
    ['fault-not-done', 'faults'],
    ['no-second-boot', 'liveness'],
    ['falls-over-abort', 'crash'],
  ] as const)(
    'brings 40 faults with the bug %s (%s) down to at most 3, in at most 150 runs',
    {
      timeout: 120_000,
    },
    (canary, checker) => {
      const fails = failsBy(checker, (schedule) => runChaos(schedule).violations);
      const schedule = firstOf((seed) => ({ ...drawSchedule(seed, { faults: 40 }), canary }), fails);
      const small = shrink(schedule, fails);
      expect(small.schedule.faults.length).toBeLessThanOrEqual(3);
      expect(small.schedule.hosts.length).toBeLessThanOrEqual(3);
      expect(small.runs).toBeLessThanOrEqual(150);
      expect(fails(small.schedule)).toBe(true);
      // Without the bug it was nothing.
      const { canary: _, ...sound } = small.schedule;
      expect(fails(sound)).toBe(false);
    },
  );

  it.each([
    ['xenlinux-2.6.18', 'wall'],
    ['pvops-2.6.35', 'uptime'],
  ] as const)('finds the smallest step that hangs %s: of its %s', { timeout: 60_000 }, (kernel, clock) => {
    const fails = failsBy('hang', (schedule) => runChaos(schedule).violations);
    const schedule = firstOf((seed) => ({ ...drawSchedule(seed, { kernel }), find: 'hang' }), fails);
    const { thresholds } = shrink(schedule, fails);
    expect(thresholds.map((threshold) => threshold.clock)).toEqual([clock]);
    // A number by itself: how far the one clock is from the other, not what it reads.
    const [size] = thresholds.map(({ value }) => Math.abs(value));
    expect(size! > 30 && size! < 200, `${size} ms`).toBe(true);
  });
});

/** The schedule of the first seed that fails. */
function firstOf(scheduleOf: (seed: number) => Schedule, fails: (schedule: Schedule) => boolean): Schedule {
  for (let seed = 1; seed < 80; seed++) if (fails(scheduleOf(seed))) return scheduleOf(seed);
  throw new Error('none of the first seeds fails');
}
