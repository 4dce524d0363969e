/**
 * skewbed report: result, report and JUnit file again, from what was kept: the history of a run, the history and journal
 * of a chaos run, the result of a campaign. Or the shards of a campaign in one.
 */
import { dirname } from 'node:path';
import { isCampaignFolder, readCampaignFile, writeCampaign } from '@skewbed/experiments/chaos/campaign-folder.ts';
import { mergeCampaigns } from '@skewbed/experiments/chaos/campaign-merge.ts';
import { campaignExit } from '@skewbed/experiments/chaos/campaign-result.ts';
import { remakeKeptRun, resultOf } from '@skewbed/experiments/chaos/kept-run.ts';
import { scheduleIn } from '@skewbed/experiments/chaos/replayable.ts';
import { EXIT } from '@skewbed/experiments/checkers/expect.ts';
import { jsonText } from '@skewbed/experiments/json-text.ts';
import { remakeRun } from '@skewbed/experiments/run-folder.ts';
import { printRun } from '../run-text.ts';
import { printCampaign, tellCampaign } from './chaos.ts';
import { printReplay } from './replay-code.ts';

type Options = { readonly json?: true };

/** Makes the files of a folder again. */
export function report(what: string, options: Options): number {
  const folder = /\.jsonl?$/.test(what) ? dirname(what) : what;
  if (isCampaignFolder(folder)) return reportCampaign(folder, options);
  if (scheduleIn(`${folder}/history.jsonl`) !== null) return reportChaosRun(folder, options);
  const run = remakeRun(folder);
  if (options.json) process.stdout.write(jsonText(run.result));
  else printRun(run, folder);
  return EXIT[run.outcome.outcome];
}

function reportCampaign(folder: string, { json }: Options): number {
  const result = readCampaignFile(folder);
  writeCampaign(folder, result);
  if (json) process.stdout.write(jsonText(result));
  else printCampaign(result);
  return campaignExit(result);
}

function reportChaosRun(folder: string, { json }: Options): number {
  const run = remakeKeptRun(folder);
  if (json) process.stdout.write(jsonText(resultOf(run)));
  else printReplay(run, folder);
  return run.violations.length > 0 ? EXIT.fail : EXIT.pass;
}

/** One result of the shards of a chaos campaign, as skewbed chaos --json printed them. */
export function merge(
  files: readonly string[],
  options: { readonly json?: true; readonly github?: true; readonly out: string },
): number {
  return tellCampaign(mergeCampaigns(files.map(readCampaignFile)), options, null);
}
