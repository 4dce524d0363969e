/** skewbed replay CODE: runs the schedule of a replay code again, twice, and tells what the checkers say of it. */
import { join } from 'node:path';
import { type KeptRun, keptRun, resultOf, writeKeptRun } from '@skewbed/experiments/chaos/kept-run.ts';
import type { Schedule } from '@skewbed/experiments/chaos/schedule.ts';
import { judgedRun } from '@skewbed/experiments/chaos/verdict.ts';
import { EXIT } from '@skewbed/experiments/checkers/expect.ts';
import { jsonText } from '@skewbed/experiments/json-text.ts';
import { secondsOf } from '@skewbed/proto/units.ts';
import { say } from '../terminal.ts';

export type ReplayOptions = { readonly out: string; readonly json?: true };

/**
 * Runs a schedule, and leaves history, journal, result and page in a folder that has the hash of the history. Exit code 1
 * when the checkers find something, as they did when its code was printed.
 */
export function replaySchedule(schedule: Schedule, { out, json }: ReplayOptions): number {
  const { run, verdict } = judgedRun(schedule, 'twice');
  const { hash, violations, simulatedNs } = verdict;
  const folder = join(out, 'chaos', hash.slice(0, 16));
  const kept = keptRun(run, violations);
  writeKeptRun(folder, kept);
  if (json) process.stdout.write(jsonText(resultOf(kept)));
  else {
    say(`${secondsOf(simulatedNs).toFixed(0)} simulated seconds, twice; history ${hash}`);
    printReplay(kept, folder);
  }
  return violations.length > 0 ? EXIT.fail : EXIT.pass;
}

/** What was done, and what was found; at last the command that repeats it. */
export function printReplay({ record, violations, replay }: KeptRun, folder: string): void {
  const { schedule } = record;
  for (const line of scheduleLines(schedule)) say(line);
  say();
  for (const { checker, atNs, what } of violations) say(`${checker} after ${secondsOf(atNs).toFixed(3)} s: ${what}`);
  if (violations.length === 0) say('The checkers find nothing.');
  say(`kept in ${folder}`);
  if (violations.length > 0) say(replay);
}

function scheduleLines({ hosts, guests, moves, faults, seed, canary }: Schedule): readonly string[] {
  return [
    `seed ${seed}${canary === undefined ? '' : `, with the deliberate bug ${canary}`}`,
    ...hosts.map(({ name, wallMs, uptimeMs }) => `host ${name}: wall ${wallMs} ms off, up for ${uptimeMs / 1000} s`),
    ...guests.map(({ name, kernel, host }) => `guest ${name}: ${kernel} on ${host}`),
    ...moves.map(
      ({ guest, to, atMs, downtimeMs, precopy, restore }) =>
        `${atMs} ms: ${guest} moves to ${to}, down for ${downtimeMs} ms (${precopy}, ${restore})`,
    ),
    ...faults.map(({ kind, atMs, ...rest }) => `${atMs} ms: ${kind} ${JSON.stringify(rest)}`),
  ];
}
