/** Schedules for beds on which a second takes a second. */
import { expect, it } from 'vitest';
import { runChaos } from './chaos-run.ts';
import { kindOf } from './faults/index.ts';
import { quietFromMs, quietMsOf, readSchedule } from './schedule.ts';
import { themed } from './theme.ts';

const SEEDS = Array.from({ length: 200 }, (_, index) => index + 1);
const short = (seed: number) => themed(seed, { pace: 'short' });

it('are schedules, the same ones every time, and take well below a minute', () => {
  for (const seed of SEEDS) {
    const schedule = short(seed);
    expect(readSchedule(JSON.parse(JSON.stringify(schedule)), `seed ${seed}`)).toEqual(short(seed));
    expect(quietFromMs(schedule) + quietMsOf(schedule)).toBeLessThan(60_000);
    expect(schedule.faults.length).toBeGreaterThan(1);
  }
});

it('have faults of every kind all the same, and silences which outlast the keep-alive', () => {
  const faults = SEEDS.flatMap((seed) => short(seed).faults);
  expect(new Set(faults.map((fault) => kindOf(fault).about))).toEqual(new Set(['clock', 'link', 'process']));
  const silences = faults.flatMap((fault) => (fault.kind === 'stall' ? [fault.forMs] : []));
  expect(silences.some((ms) => ms > 20_000)).toBe(true);
  expect(silences.every((ms) => ms >= 1200 && (ms <= 3500 || ms > 20_000))).toBe(true);
});

it('are quiet for long enough at the end: in the simulator nothing is left open', () => {
  for (const seed of SEEDS.slice(0, 40)) expect(runChaos(short(seed)).violations, `seed ${seed}`).toEqual([]);
});
