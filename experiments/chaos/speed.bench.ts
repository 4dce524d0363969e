/**
 * How many seeds of the default mix a campaign judges in a second, on every processor, and how many simulated seconds that
 * is to one real second. Three rounds over the same seeds, each run once; the first also warms the caches. Prints, checks
 * nothing: `npm run speed`, or `node experiments/chaos/speed.bench.ts [SEEDS]`.
 */
import { availableParallelism } from 'node:os';
import { runCampaign } from './campaign.ts';
import type { CampaignResult } from './campaign-result.ts';

const ROUNDS = 3;
const seeds = Number(process.argv[2] ?? 300);

const rounds: CampaignResult[] = [];
const before = process.cpuUsage();
for (let round = 0; round < ROUNDS; round++)
  rounds.push(await runCampaign({ first: 1, seeds, checkDeterminism: 0, shrinkMost: 0 }));

// Of all workers, whatever else the machine does.
const { user, system } = process.cpuUsage(before);
const processorMs = (user + system) / 1000 / (ROUNDS * seeds);

const spread = (pick: (result: CampaignResult) => number, digits: number): string => {
  const sorted = rounds.map(pick).sort((a, b) => a - b);
  const [least, median, most] = [sorted[0], sorted[ROUNDS >> 1], sorted.at(-1)].map((figure) =>
    figure?.toFixed(digits),
  );
  return `median ${median}, ${least} to ${most}`;
};
console.log(
  `chaos, ${seeds} seeds of the default mix on ${availableParallelism()} processors, ${ROUNDS} rounds:
  seeds a second: ${spread((result) => result.seeds / result.seconds, 1)} (a minute: ${spread((result) => (60 * result.seeds) / result.seconds, 0)})
  simulated seconds a second: ${spread((result) => result.simulatedSeconds / result.seconds, 0)}; ${(rounds[0]!.simulatedSeconds / seeds).toFixed(0)} simulated seconds a seed
  processor time: ${processorMs.toFixed(1)} ms a seed`,
);
