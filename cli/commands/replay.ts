/**
 * skewbed replay: runs again what a history holds (its scenario as it was scaled, its testbed, its seed), the schedule of a
 * replay code, or a failure that a file or folder of a chaos campaign tells of.
 */
import { looksLikeCode, readReplayCode } from '@skewbed/experiments/chaos/replay-code.ts';
import { scheduleIn } from '@skewbed/experiments/chaos/replayable.ts';
import { readRun } from '@skewbed/experiments/run-folder.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import type { TestbedOptions } from '../options.ts';
import { replayOnReal } from './chaos-real.ts';
import { replaySchedule } from './replay-code.ts';
import { runPlanned } from './run.ts';

/** `seed` as it was typed: which failure is meant, where there are several. */
export type ReplayCommandOptions = Omit<TestbedOptions, 'seed'> & { readonly seed: number | undefined };

/** Runs it again. */
export async function replay(what: string, options: ReplayCommandOptions): Promise<number> {
  const schedule = looksLikeCode(what) ? readReplayCode(what) : scheduleIn(what, options.seed);
  const { on } = options;
  if (schedule !== null)
    return on === 'sim' ? replaySchedule(schedule, options) : replayOnReal(schedule, { ...options, on });
  const { plan } = readRun(what.endsWith('.jsonl') ? what : `${what}/history.jsonl`);
  if (plan.testbed === 'containers') {
    throw new SkewbedError(
      'bad-argument',
      `${what} was run in containers; start them with docker compose and run it there`,
      what,
    );
  }
  return runPlanned(plan, { ...options, on: plan.testbed });
}
