/**
 * Shards of one campaign as one result: the same as the whole campaign's on one machine, but for the seconds that it took.
 * Every seed has to be there, and no seed twice: what is missing is named and refused, for a shard that never ran must not
 * pass as one that found nothing.
 */
import { SkewbedError } from '@skewbed/proto/errors.ts';
import type { CampaignResult } from './campaign-result.ts';
import { addHistories } from './histories-sum.ts';

/** What all shards of a campaign have in common. */
const SAME = ['first', 'of', 'kernel', 'faults', 'find', 'canary', 'checkDeterminism'] as const;

/** Merges all shards of a campaign. */
export function mergeCampaigns(shards: readonly CampaignResult[]): CampaignResult {
  const [one] = shards;
  if (one === undefined) throw refused('no campaign to merge; name the files of its shards');
  for (const key of SAME) {
    const odd = shards.find((each) => each[key] !== one[key]);
    if (odd !== undefined)
      throw refused(
        `shard ${one.shard} has ${key} ${one[key]}, shard ${odd.shard} has ${odd[key]}: they are of different campaigns`,
      );
  }
  checkParts(shards);
  const sum = (pick: (each: CampaignResult) => number): number => shards.reduce((total, each) => total + pick(each), 0);
  return {
    ...one,
    shard: '0/1',
    seeds: sum(({ seeds }) => seeds),
    twice: sum(({ twice }) => twice),
    failures: shards.flatMap(({ failures }) => failures).sort((a, b) => a.seed - b.seed),
    tally: sumOfTallies(shards.map(({ tally }) => tally)),
    historiesSum: addHistories(shards.map(({ historiesSum }) => historiesSum)),
    seconds: Math.max(...shards.map(({ seconds }) => seconds)),
    // Whole milliseconds, so that the order of the shards makes no difference.
    simulatedSeconds: sum(({ simulatedSeconds }) => Math.round(simulatedSeconds * 1000)) / 1000,
  };
}

/** Counts by word, in the order of the words. */
export function sumOfTallies(tallies: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums = new Map<string, number>();
  for (const tally of tallies)
    for (const [word, times] of Object.entries(tally)) sums.set(word, (sums.get(word) ?? 0) + times);
  return Object.fromEntries([...sums].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** How many seeds a part has: they are dealt out in turn. */
export const seedsOf = ({ index, parts }: { readonly index: number; readonly parts: number }, of: number): number =>
  Math.max(0, Math.ceil((of - index) / parts));

function checkParts(shards: readonly CampaignResult[]): void {
  const parts = shards.map(({ shard }) => shard.split('/').map(Number) as [number, number]);
  const [, count] = parts[0] as [number, number];
  const other = parts.find(([, n]) => n !== count);
  if (other !== undefined)
    throw refused(`shard ${parts[0]?.join('/')} and shard ${other.join('/')}: a campaign is divided in one way`);
  const there = new Map<number, CampaignResult>();
  for (const [position, [index]] of parts.entries()) {
    if (there.has(index)) throw refused(`${named(index, count)} is there twice; give each shard once`);
    there.set(index, shards[position] as CampaignResult);
  }
  const missing = Array.from({ length: count }, (_, index) => index).filter((index) => !there.has(index));
  if (missing.length > 0) {
    const names = missing.slice(0, 8).map((index) => named(index, count));
    const more = missing.length > names.length ? ` and ${missing.length - names.length} more` : '';
    throw refused(`${names.join(', ')}${more} of ${count} is missing; run it again and give its result, too`);
  }
  for (const [index, { seeds, of }] of there) {
    const wanted = seedsOf({ index, parts: count }, of);
    if (seeds !== wanted)
      throw refused(
        `${named(index, count)} ran ${seeds} of its ${wanted} seeds (with --stop-at-first?); run it to its end`,
      );
  }
}

/** Kubernetes counts from 0, Swarm from 1. */
const named = (index: number, count: number): string =>
  index === 0 && count > 1 ? `shard 0/${count} (or ${count}/${count})` : `shard ${index}/${count}`;

const refused = (message: string): SkewbedError => new SkewbedError('bad-argument', message);
