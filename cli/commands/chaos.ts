/** skewbed chaos: searches for trouble by seed, on every processor; each failure shrunk, with the line that replays it. */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { readShard, runCampaign } from '@skewbed/experiments/chaos/campaign.ts';
import { writeCampaign } from '@skewbed/experiments/chaos/campaign-folder.ts';
import { type CampaignResult, campaignExit } from '@skewbed/experiments/chaos/campaign-result.ts';
import { campaignMarkdown, failureLines, summaryLines } from '@skewbed/experiments/chaos/campaign-text.ts';
import { canaryNamed } from '@skewbed/experiments/chaos/canaries/index.ts';
import { jsonText } from '@skewbed/experiments/json-text.ts';
import { kernelProblem } from '@skewbed/experiments/scenarios/vocabulary.ts';
import type { KernelName } from '@skewbed/model/xen/host-event.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { campaignProgress } from '../campaign-progress.ts';
import { say } from '../terminal.ts';

export type ChaosOptions = {
  readonly seeds: number;
  readonly seed: number;
  readonly workers?: number;
  readonly shard?: string;
  readonly checkDeterminism: number;
  readonly shrink: number;
  readonly faults?: number;
  readonly kernel?: string;
  readonly find?: 'hang';
  readonly canary?: string;
  readonly stopAtFirst?: true;
  readonly out: string;
  readonly json?: true;
  readonly github?: true;
};

/** Runs a campaign, tells it, and leaves it as JSON and JUnit in the folder `chaos`. */
export async function chaos(options: ChaosOptions): Promise<number> {
  const { kernel, shard, workers, faults, find, canary } = options;
  if (canary !== undefined) canaryNamed(canary);
  const progress = campaignProgress();
  let result: CampaignResult;
  try {
    result = await runCampaign({
      first: options.seed,
      seeds: options.seeds,
      checkDeterminism: options.checkDeterminism,
      shrinkMost: options.shrink,
      ...(kernel === undefined ? {} : { kernel: kernelTyped(kernel) }),
      ...(shard === undefined ? {} : { shard: readShard(shard) }),
      ...(workers === undefined ? {} : { workers }),
      ...(faults === undefined ? {} : { faults }),
      ...(find === undefined ? {} : { find }),
      ...(canary === undefined ? {} : { canary }),
      ...(options.stopAtFirst === true ? { stopAtFirst: true } : {}),
      progress: progress.update,
    });
  } finally {
    progress.stop();
  }
  return tellCampaign(result, options);
}

/** Prints a campaign and keeps it. Gives the exit code. */
export function tellCampaign(
  result: CampaignResult,
  { out, json, github }: Pick<ChaosOptions, 'out' | 'json' | 'github'>,
): number {
  writeCampaign(join(out, 'chaos'), result);
  if (github) summarise(result, json);
  if (json) process.stdout.write(jsonText(result));
  else printCampaign(result);
  return campaignExit(result);
}

/** Every failure, and at last the command that repeats it. */
export function printCampaign(result: CampaignResult): void {
  for (const line of summaryLines(result)) say(line);
  for (const failure of result.failures) {
    say();
    for (const line of failureLines(failure)) say(line);
  }
}

/** Where GitHub names a file for it, there; otherwise to standard output, or to standard error beside JSON. */
function summarise(result: CampaignResult, json: true | undefined): void {
  const file = process.env.GITHUB_STEP_SUMMARY;
  if (file !== undefined && file !== '') appendFileSync(file, campaignMarkdown(result));
  else (json ? process.stderr : process.stdout).write(campaignMarkdown(result));
}

function kernelTyped(typed: string): KernelName {
  const problem = kernelProblem(typed);
  if (problem !== undefined) throw new SkewbedError('bad-argument', problem, '--kernel');
  return typed as KernelName;
}
