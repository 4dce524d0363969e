/**
 * What is kept of one chaos run, in a folder: the history, the coordinator's journal, the schedule, what was found, and
 * the page. Everything but history and journal can be made again from those two; only what a second run showed
 * (determinism), or what kept the run from its end, is taken from the result.
 */

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { closed } from '@skewbed/proto/control/fields.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { explain } from '@skewbed/proto/explain.ts';
import type { HistoryHeader } from '@skewbed/proto/history.ts';
import { readHistory } from '@skewbed/proto/history-file.ts';
import { NS_PER_US, secondsOf, trueNs } from '@skewbed/proto/units.ts';
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { jsonText } from '../json-text.ts';
import type { TestbedName } from '../plan.ts';
import { type ChaosRun, chaosHeader, chaosHistory, historyHash } from './chaos-run.ts';
import { CHECKER_NAMES, type CheckerName, type RunRecord, type Violation } from './checkers/checker.ts';
import { CHECKERS, checkRun } from './checkers/index.ts';
import { replayCommand } from './replay-code.ts';
import { isChaosPlan } from './replayable.ts';
import { renderChaosRun } from './report/run-page.ts';
import { readSchedule, type Schedule, ScheduleFields } from './schedule.ts';

const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });

/** What `skewbed replay CODE --json` prints. */
export const ReplayFields = closed({
  schema: Type.Literal(1),
  kind: Type.Literal('chaos-replay'),
  seed: Type.Integer({ minimum: 0 }),
  /** Of the events with their keys in their order, as campaigns print it. */
  historyHash: Sha256,
  /** Of the file history.jsonl. */
  historySha256: Sha256,
  violations: Type.Array(
    closed({
      checker: Type.Unsafe<CheckerName>(Type.Union(CHECKER_NAMES.map((name) => Type.Literal(name)))),
      /** Seconds of true time. */
      at: Type.Number(),
      what: Type.String(),
    }),
  ),
  replay: Type.String(),
  schedule: ScheduleFields,
});
export type ReplayResult = Static<typeof ReplayFields>;
const validator = Compile(ReplayFields);

export type KeptRun = {
  readonly header: HistoryHeader;
  readonly record: RunRecord;
  readonly violations: readonly Violation[];
  /** The command that repeats it. */
  readonly replay: string;
  /** The text of history.jsonl. */
  readonly history: string;
  readonly historySha256: string;
};

/** What will be kept of a run. `violations` with those that only a second run shows. */
export function keptRun(
  run: Pick<ChaosRun, 'schedule' | 'record'>,
  violations: readonly Violation[],
  testbed: TestbedName = 'sim',
): KeptRun {
  const { schedule, record } = run;
  const history = chaosHistory(run, testbed);
  const header = chaosHeader(schedule, testbed);
  return { header, record, violations, replay: replayOn(header, schedule), history, historySha256: sha256(history) };
}

/** On real nodes it is repeated there. */
const replayOn = ({ testbed }: HistoryHeader, schedule: Schedule): string =>
  testbed === 'sim' ? replayCommand(schedule) : `${replayCommand(schedule)} --on ${testbed}`;

/** The result of a kept run. */
export function resultOf({ record, violations, replay, historySha256 }: KeptRun): ReplayResult {
  const { schedule } = record;
  return {
    schema: 1,
    kind: 'chaos-replay',
    seed: schedule.seed,
    historyHash: historyHash({ schedule, record }),
    historySha256,
    violations: violations.map(({ checker, atNs, what }) => ({ checker, at: secondsOf(atNs), what })),
    replay,
    schedule: schedule as ReplayResult['schedule'],
  };
}

/** Writes the folder of a run. */
export function writeKeptRun(folder: string, run: KeptRun): void {
  mkdirSync(folder, { recursive: true });
  const { schedule, journal } = run.record;
  writeFileSync(join(folder, 'history.jsonl'), run.history);
  if (journal !== null) writeFileSync(join(folder, 'journal.jsonl'), journal.map((line) => `${line}\n`).join(''));
  writeFileSync(join(folder, 'schedule.json'), jsonText(schedule));
  writeFileSync(join(folder, 'result.json'), jsonText(resultOf(run)));
  writeFileSync(join(folder, 'report.html'), renderChaosRun(run));
}

/** Reads a folder and judges it again. */
export function readKeptRun(folder: string): KeptRun {
  const file = join(folder, 'history.jsonl');
  const history = textOf(file);
  const { header, events } = readHistory(history, file);
  if (!isChaosPlan(header.plan))
    throw new SkewbedError('bad-history', `${file} is not of a chaos run; its scenario is ${header.scenario}`, file);
  const origin = events.find(({ kind }) => kind === 'host-started')?.at ?? events[0]?.at ?? trueNs(0n);
  const journalFile = join(folder, 'journal.jsonl');
  const journal = existsSync(journalFile) ? textOf(journalFile).split('\n').filter(Boolean) : null;
  const record: RunRecord = { schedule: readSchedule(header.plan, file), origin, events, journal };
  // On real nodes something may have happened that nobody heard of: then a history alone is not judged.
  const kept = keptFindings(join(folder, 'result.json'));
  const found = header.testbed === 'sim' ? [...kept.filter(isNotFromHistory), ...checkRun(record)] : kept;
  const replay = replayOn(header, record.schedule);
  return { header, record, violations: found, replay, history, historySha256: sha256(history) };
}

/** Makes everything again that can be made from history and journal. */
export function remakeKeptRun(folder: string): KeptRun {
  const run = readKeptRun(folder);
  const file = join(folder, 'result.json');
  const before = existsSync(file) ? readResult(file) : null;
  const result = { ...resultOf(run), ...(before === null ? {} : { historyHash: before.historyHash }) };
  writeFileSync(file, jsonText(result));
  writeFileSync(join(folder, 'schedule.json'), jsonText(run.record.schedule));
  writeFileSync(join(folder, 'report.html'), renderChaosRun(run));
  return run;
}

/** Reads a result.json of one run. */
export function readResult(file: string): ReplayResult {
  let data: unknown;
  try {
    data = JSON.parse(textOf(file));
  } catch (error) {
    if (error instanceof SkewbedError) throw error;
    throw new SkewbedError('bad-argument', `${file} is no JSON: ${(error as Error).message}`, file);
  }
  if (validator.Check(data)) return data as ReplayResult;
  throw new SkewbedError(
    'bad-argument',
    `${file}: ${explain(ReplayFields, data)}; give what skewbed replay left`,
    file,
  );
}

/** What was found when it was run. */
function keptFindings(file: string): readonly Violation[] {
  if (!existsSync(file)) return [];
  return readResult(file).violations.map(({ checker, at, what }) => {
    return { checker, atNs: BigInt(Math.round(at * 1e6)) * NS_PER_US, what };
  });
}

const OF_HISTORIES = new Set<CheckerName>([...CHECKERS.map(({ name }) => name), 'hang']);
/** Findings that no history shows. */
const isNotFromHistory = ({ checker }: Violation): boolean => !OF_HISTORIES.has(checker);

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new SkewbedError(
      'not-found',
      `${file} cannot be read (${(error as NodeJS.ErrnoException).code}); give a folder that skewbed chaos or skewbed replay left`,
      file,
    );
  }
}
