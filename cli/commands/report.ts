/** skewbed report: result, report and JUnit file again, from the history alone. */
import { dirname } from 'node:path';
import { EXIT } from '@skewbed/experiments/checkers/expect.ts';
import { jsonText } from '@skewbed/experiments/json-text.ts';
import { remakeRun } from '@skewbed/experiments/run-folder.ts';
import { printRun } from '../run-text.ts';

/** Makes the files of a run folder again. */
export function report(what: string, { json }: { readonly json?: true }): number {
  const folder = what.endsWith('.jsonl') ? dirname(what) : what;
  const run = remakeRun(folder);
  if (json) process.stdout.write(jsonText(run.result));
  else printRun(run, folder);
  return EXIT[run.outcome.outcome];
}
