/** skewbed replay CODE: runs the schedule of a replay code again, twice, and tells what the checkers say of it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readReplayCode, replayCommand } from '@skewbed/experiments/chaos/replay-code.ts';
import type { Schedule } from '@skewbed/experiments/chaos/schedule.ts';
import { historyTextOf, judgeSchedule } from '@skewbed/experiments/chaos/verdict.ts';
import { EXIT } from '@skewbed/experiments/checkers/expect.ts';
import { jsonText } from '@skewbed/experiments/json-text.ts';
import { secondsOf } from '@skewbed/proto/units.ts';
import { say } from '../terminal.ts';

/** Replays it. Exit code 1 when the checkers find something, as they did when the code was printed. */
export function replayChaos(code: string, { out, json }: { readonly out: string; readonly json?: true }): number {
  const schedule = readReplayCode(code);
  const { hash, violations, simulatedNs } = judgeSchedule(schedule, 'twice');
  const folder = join(out, 'chaos', hash.slice(0, 16));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'schedule.json'), jsonText(schedule));
  writeFileSync(join(folder, 'history.jsonl'), historyTextOf(schedule));
  const told = violations.map(({ checker, atNs, what }) => ({ checker, at: secondsOf(atNs), what }));
  if (json)
    process.stdout.write(jsonText({ schema: 1, kind: 'chaos-replay', historyHash: hash, violations: told, schedule }));
  else {
    for (const line of scheduleLines(schedule)) say(line);
    say();
    for (const { checker, at, what } of told) say(`${checker} after ${at.toFixed(3)} s: ${what}`);
    if (told.length === 0) say('The checkers find nothing.');
    say(`${secondsOf(simulatedNs).toFixed(0)} simulated seconds, twice; history ${hash}`);
    say(`kept in ${folder}`);
    if (told.length > 0) say(replayCommand(schedule));
  }
  return told.length > 0 ? EXIT.fail : EXIT.pass;
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
