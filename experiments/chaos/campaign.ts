/**
 * A campaign: many seeds on every processor, each judged, the failing ones shrunk. Seeds are dealt out in small portions,
 * so that a slow one holds nobody up; the result does not depend on who ran what.
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { NS_PER_MS, secondsOf } from '@skewbed/proto/units.ts';
import { monotonicNs } from '@skewbed/runtime/live/clock.ts';
import { SeededRandom } from '@skewbed/runtime/random.ts';
import Tinypool from 'tinypool';
import { sumOfTallies } from './campaign-merge.ts';
import type { CampaignResult, Failure } from './campaign-result.ts';
import { asFound } from './failure.ts';
import { historiesSum } from './histories-sum.ts';
import type { Theme } from './theme.ts';
import type { SeedVerdict } from './verdict.ts';

export type CampaignOptions = Theme & {
  readonly first: number;
  readonly seeds: number;
  readonly workers?: number;
  /** Part `index` of `of`: seeds are dealt out in turn. */
  readonly shard?: { readonly index: number; readonly of: number };
  /** Per cent of the seeds that are run twice. */
  readonly checkDeterminism: number;
  /** Failures that are shrunk; the others are told as they were found. */
  readonly shrinkMost: number;
  /** Ends the campaign at the first failure. */
  readonly stopAtFirst?: boolean;
  readonly progress?: (state: Progress) => void;
  /** Told of each seed, in the order in which they are done. */
  readonly judged?: (seed: Pick<SeedVerdict, 'seed' | 'hash'>) => void;
};

export type Progress = {
  readonly done: number;
  readonly of: number;
  readonly failures: number;
  readonly seconds: number;
};

/** What a worker is asked for. */
export type ChaosTask =
  | {
      readonly ask: 'judge';
      readonly theme: Theme;
      readonly seeds: readonly { readonly seed: number; readonly twice: boolean }[];
    }
  | { readonly ask: 'shrink'; readonly theme: Theme; readonly verdict: SeedVerdict };

const SEEDS_A_TASK = 8;

/** '1/4' as part 1 of 4. Both ways of counting are taken: 0 to 3 (Kubernetes) and 1 to 4 (Swarm). */
export function readShard(text: string): { readonly index: number; readonly of: number } {
  const match = /^(\d{1,6})\/(\d{1,6})$/.exec(text);
  const [index, of] = [Number(match?.[1]), Number(match?.[2])];
  if (match === null || of < 1 || index > of)
    throw new SkewbedError('bad-argument', `--shard ${text}: write i/n, such as 1/4, with i from 0 or 1 up to n`);
  return { index: index % of, of };
}

/** Whether a seed is among the per cent that are run twice; the same ones every time. */
export const isChecked = (seed: number, percent: number): boolean =>
  new SeededRandom(seed, 'determinism').below(100) < percent;

/** Runs a campaign. */
export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const { first, seeds, shard, checkDeterminism, progress } = options;
  const theme = themeOf(options);
  const all = Array.from({ length: seeds }, (_, index) => first + index).filter(
    (seed) => shard === undefined || (seed - first) % shard.of === shard.index,
  );
  const began = monotonicNs();
  const elapsed = (): number => secondsOf(monotonicNs() - began);
  const pool = new Tinypool({
    filename: join(import.meta.dirname, 'chaos-worker.ts'),
    minThreads: 1,
    maxThreads: options.workers ?? availableParallelism(),
    isolateWorkers: false,
  });
  const verdicts = new Map<number, SeedVerdict>();
  const failing: SeedVerdict[] = [];
  const failures: Failure[] = [];
  let next = 0;
  const portion = async (): Promise<void> => {
    while (next < all.length && !(options.stopAtFirst === true && failing.length > 0)) {
      const some = all
        .slice(next, next + SEEDS_A_TASK)
        .map((seed) => ({ seed, twice: isChecked(seed, checkDeterminism) }));
      next += some.length;
      const task: ChaosTask = { ask: 'judge', theme, seeds: some };
      for (const verdict of (await pool.run(task)) as readonly SeedVerdict[]) {
        verdicts.set(verdict.seed, verdict);
        options.judged?.(verdict);
        if (verdict.violations.length > 0) failing.push(verdict);
      }
      progress?.({ done: verdicts.size, of: all.length, failures: failing.length, seconds: elapsed() });
    }
  };
  try {
    await Promise.all(Array.from({ length: pool.options.maxThreads }, portion));
    failing.sort((a, b) => a.seed - b.seed);
    const shrinking = failing.map(async (verdict, index) => {
      const task: ChaosTask = { ask: 'shrink', theme, verdict };
      return index < options.shrinkMost ? ((await pool.run(task)) as Failure) : null;
    });
    for (const [index, shrunk] of (await Promise.all(shrinking)).entries())
      failures.push(shrunk ?? asFound(failing[index]!, theme));
  } finally {
    await pool.destroy();
  }
  const judged = all.flatMap((seed) => verdicts.get(seed) ?? []);
  return {
    schema: 1,
    kind: 'chaos',
    first,
    of: seeds,
    seeds: judged.length,
    shard: shard === undefined ? '0/1' : `${shard.index}/${shard.of}`,
    kernel: theme.kernel ?? null,
    faults: theme.faults ?? null,
    find: theme.find ?? null,
    canary: theme.canary ?? null,
    checkDeterminism,
    twice: judged.filter(({ twice }) => twice).length,
    failures,
    tally: sumOfTallies(judged.map(({ tally }) => tally)),
    historiesSum: historiesSum(judged),
    seconds: elapsed(),
    simulatedSeconds: judged.reduce((sum, { simulatedNs }) => sum + Number(simulatedNs / NS_PER_MS), 0) / 1000,
  };
}

function themeOf({ kernel, faults, canary, find }: CampaignOptions): Theme {
  return {
    ...(kernel === undefined ? {} : { kernel }),
    ...(faults === undefined ? {} : { faults }),
    ...(canary === undefined ? {} : { canary }),
    ...(find === undefined ? {} : { find }),
  };
}
