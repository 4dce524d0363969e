/** skewbed replay: runs again what a history holds (its scenario as it was scaled, its testbed, its seed), or a code. */
import { looksLikeCode } from '@skewbed/experiments/chaos/replay-code.ts';
import { readRun } from '@skewbed/experiments/run-folder.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import type { TestbedOptions } from '../options.ts';
import { replayChaos } from './replay-code.ts';
import { runPlanned } from './run.ts';

/** Runs the plan of a history file again, or the schedule of a replay code. */
export async function replay(file: string, options: TestbedOptions): Promise<number> {
  if (looksLikeCode(file)) return replayChaos(file, options);
  const { plan } = readRun(file.endsWith('.jsonl') ? file : `${file}/history.jsonl`);
  if (plan.testbed === 'containers') {
    throw new SkewbedError(
      'bad-argument',
      `${file} was run in containers; start them with docker compose and run it there`,
      file,
    );
  }
  return runPlanned(plan, { ...options, on: plan.testbed });
}
