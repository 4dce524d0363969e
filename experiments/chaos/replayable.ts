/**
 * Finds the schedule that somebody means who names a file or a folder: what a campaign or a replay left, a JUnit file, a
 * report, a log that has replay codes in it, a schedule by itself, a file of regressions/.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { readHistory } from '@skewbed/proto/history-file.ts';
import { codesIn, readReplayCode } from './replay-code.ts';
import { readSchedule, type Schedule } from './schedule.ts';

/** A campaign's result is a few kilobytes a failure. */
const FILE_MAX_BYTES = 64 * 1024 * 1024;

/** The schedule in a file or folder: the one of this seed, or the first. Null when it is the run of a scenario. */
export function scheduleIn(what: string, seed?: number): Schedule | null {
  const file = fileOf(what);
  const schedules = file.endsWith('.jsonl') ? ofHistory(file) : ofText(file);
  if (schedules === null) return null;
  const [first] = schedules;
  const chosen = seed === undefined ? first : schedules.find((schedule) => schedule.seed === seed);
  if (chosen !== undefined) return chosen;
  const there = schedules.map((schedule) => schedule.seed).join(', ');
  throw first === undefined
    ? new SkewbedError(
        'not-found',
        `${file} has no replay code in it: nothing was found, so there is nothing to replay`,
        file,
      )
    : new SkewbedError('not-found', `${file} has no failure of seed ${seed}; it has those of ${there}`, '--seed');
}

/** A folder stands for its history, or for the result of its campaign. */
function fileOf(what: string): string {
  if (!existsSync(what) || !statSync(what).isDirectory()) return what;
  const history = join(what, 'history.jsonl');
  return existsSync(history) || !existsSync(join(what, 'result.json')) ? history : join(what, 'result.json');
}

function ofHistory(file: string): readonly Schedule[] | null {
  // Read as a scenario's run otherwise, with what that says of a file that cannot be read.
  if (!existsSync(file)) return null;
  const [head = ''] = textOf(file).split('\n', 1);
  const { header } = readHistory(`${head}\n`, file);
  return isChaosPlan(header.plan) ? [readSchedule(header.plan, file)] : null;
}

/** Whether the plan of a history is a schedule. */
export const isChaosPlan = (plan: unknown): boolean =>
  typeof plan === 'object' && plan !== null && 'faults' in plan && Array.isArray(plan.faults);

function ofText(file: string): readonly Schedule[] {
  const text = textOf(file);
  if (file.endsWith('.json')) {
    const data = jsonOf(text, file);
    const schedule = isChaosPlan(data) ? data : (data as { readonly schedule?: unknown } | null)?.schedule;
    if (isChaosPlan(schedule)) return [readSchedule(schedule, file)];
  }
  return codesIn(text).map(readReplayCode);
}

function jsonOf(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SkewbedError('bad-argument', `${file} is no JSON: ${(error as Error).message}`, file);
  }
}

function textOf(file: string): string {
  try {
    const { size } = statSync(file);
    if (size > FILE_MAX_BYTES)
      throw new SkewbedError('bad-argument', `${file} has ${size} bytes; ${FILE_MAX_BYTES} are read at most`, file);
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof SkewbedError) throw error;
    throw new SkewbedError(
      'not-found',
      `${file} cannot be read (${(error as NodeJS.ErrnoException).code}); give a replay code, or a file or folder that skewbed left`,
      file,
    );
  }
}
