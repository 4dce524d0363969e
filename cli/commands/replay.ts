/** skewbed replay: runs again what a history holds: its scenario as it was scaled, its testbed, its seed. */
import { readRun } from '@skewbed/experiments/run-folder.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import type { TestbedOptions } from '../options.ts';
import { runPlanned } from './run.ts';

/** Runs the plan of a history file again. */
export async function replay(file: string, options: TestbedOptions): Promise<number> {
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
