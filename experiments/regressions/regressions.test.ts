/**
 * Schedules that once found something, which run for ever after. Each file says what it was, and the schedule as it was
 * shrunk. A new one: `skewbed replay CODE` leaves schedule.json; put it here with a line about what was wrong.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readSchedule } from '../chaos/schedule.ts';
import { judgeSchedule } from '../chaos/verdict.ts';

const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.json'));

it.each(files)('%s', { timeout: 60_000 }, (file) => {
  const { was, schedule } = JSON.parse(readFileSync(join(import.meta.dirname, file), 'utf8')) as {
    was: string;
    schedule: unknown;
  };
  expect(was).toMatch(/\.$/);
  expect(judgeSchedule(readSchedule(schedule, file), 'twice').violations).toEqual([]);
});

it('there are some', () => {
  expect(files.length).toBeGreaterThan(1);
});
