/** skewbed report: result, report and JUnit file again, from the history alone; or the shards of a chaos campaign in one. */
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { mergeCampaigns } from '@skewbed/experiments/chaos/campaign-merge.ts';
import { readCampaign } from '@skewbed/experiments/chaos/campaign-result.ts';
import { EXIT } from '@skewbed/experiments/checkers/expect.ts';
import { jsonText } from '@skewbed/experiments/json-text.ts';
import { remakeRun } from '@skewbed/experiments/run-folder.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { printRun } from '../run-text.ts';
import { tellCampaign } from './chaos.ts';

/** Makes the files of a run folder again. */
export function report(what: string, { json }: { readonly json?: true }): number {
  const folder = what.endsWith('.jsonl') ? dirname(what) : what;
  const run = remakeRun(folder);
  if (json) process.stdout.write(jsonText(run.result));
  else printRun(run, folder);
  return EXIT[run.outcome.outcome];
}

/** One result of the shards of a chaos campaign, as skewbed chaos --json printed them. */
export function merge(
  files: readonly string[],
  options: { readonly json?: true; readonly github?: true; readonly out: string },
): number {
  return tellCampaign(mergeCampaigns(files.map((file) => readCampaign(readJson(file), file))), options);
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new SkewbedError(
      'bad-argument',
      `${file} cannot be read (${cause}); give what skewbed chaos --json printed`,
      file,
    );
  }
}
