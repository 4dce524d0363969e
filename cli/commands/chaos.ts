/** skewbed chaos: searches for trouble by seed, on every processor; each failure shrunk, with the line that replays it. */
import { join } from 'node:path';
import { readShard, runCampaign } from '@skewbed/experiments/chaos/campaign.ts';
import { writeCampaign, writeHistories } from '@skewbed/experiments/chaos/campaign-folder.ts';
import { type CampaignResult, campaignExit } from '@skewbed/experiments/chaos/campaign-result.ts';
import { campaignMarkdown, failureLines, summaryLines } from '@skewbed/experiments/chaos/campaign-text.ts';
import { canaryNamed } from '@skewbed/experiments/chaos/canaries/index.ts';
import type { RealTestbed } from '@skewbed/experiments/chaos/real/real-campaign.ts';
import { jsonText } from '@skewbed/experiments/json-text.ts';
import { kernelProblem } from '@skewbed/experiments/scenarios/vocabulary.ts';
import type { KernelName } from '@skewbed/model/xen/host-event.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { campaignProgress } from '../campaign-progress.ts';
import { summarise } from '../github-summary.ts';
import { say } from '../terminal.ts';
import { chaosOnReal, REAL_SEEDS } from './chaos-real.ts';

export type ChaosOptions = {
  readonly on: 'sim' | RealTestbed;
  readonly seeds?: number;
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

/** Of a campaign in the simulator, unless somebody says otherwise. */
const SEEDS = 1000;

/** Runs a campaign, tells it, and leaves it as JSON and JUnit in the folder `chaos`. */
export async function chaos(options: ChaosOptions): Promise<number> {
  const { kernel, shard, workers, faults, find, canary } = options;
  if (canary !== undefined) canaryNamed(canary);
  if (options.on !== 'sim') return onReal(options.on, options);
  const progress = campaignProgress();
  const histories: { seed: number; hash: string }[] = [];
  let result: CampaignResult;
  try {
    result = await runCampaign({
      first: options.seed,
      seeds: options.seeds ?? SEEDS,
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
      judged: ({ seed, hash }) => void histories.push({ seed, hash }),
    });
  } finally {
    progress.stop();
  }
  return tellCampaign(result, options, histories);
}

/** The same on real nodes, where nothing is run twice, shrunk, or broken on purpose. */
function onReal(on: RealTestbed, { seed, seeds, shard, workers, canary, kernel, faults, find, ...rest }: ChaosOptions) {
  const only = canary !== undefined ? '--canary' : find !== undefined ? '--find' : null;
  if (only !== null) {
    const what = `${only} is for the simulator, where a seed costs next to nothing; leave it or --on out`;
    throw new SkewbedError('bad-argument', what, only);
  }
  const all = Array.from({ length: seeds ?? REAL_SEEDS }, (_, index) => seed + index);
  const part = shard === undefined ? null : readShard(shard);
  const theme = {
    ...(kernel === undefined ? {} : { kernel: kernelTyped(kernel) }),
    ...(faults === undefined ? {} : { faults }),
  };
  const mine = all.filter((_, index) => part === null || index % part.of === part.index);
  return chaosOnReal(mine, { ...rest, on, workers: workers ?? 1, theme });
}

/** Prints a campaign and keeps it. Gives the exit code. */
export function tellCampaign(
  result: CampaignResult,
  { out, json, github }: Pick<ChaosOptions, 'out' | 'json' | 'github'>,
  histories: Parameters<typeof writeHistories>[1],
): number {
  writeCampaign(join(out, 'chaos'), result);
  writeHistories(join(out, 'chaos'), histories);
  if (github) summarise(campaignMarkdown(result), json);
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

function kernelTyped(typed: string): KernelName {
  const problem = kernelProblem(typed);
  if (problem !== undefined) throw new SkewbedError('bad-argument', problem, '--kernel');
  return typed as KernelName;
}
