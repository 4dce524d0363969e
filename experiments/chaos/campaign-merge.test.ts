/** Shards in one: what is missing, doubled or of another campaign is refused by name. campaign.test.ts merges real ones. */
import { describe, expect, it } from 'vitest';
import { mergeCampaigns, seedsOf, sumOfTallies } from './campaign-merge.ts';
import type { CampaignResult } from './campaign-result.ts';
import { addHistories, historiesSum } from './histories-sum.ts';

/** 10 seeds from 1 on, in three parts. */
const shard = (index: number, differences: Partial<CampaignResult> = {}): CampaignResult => ({
  schema: 1,
  kind: 'chaos',
  first: 1,
  of: 10,
  seeds: [4, 3, 3][index] ?? 0,
  shard: `${index}/3`,
  kernel: null,
  faults: null,
  find: null,
  canary: null,
  checkDeterminism: 5,
  twice: 1,
  failures: [],
  tally: { 'move running': index + 1 },
  historiesSum: historiesSum([{ seed: index, hash: 'h' }]),
  seconds: index,
  simulatedSeconds: 0.1,
  ...differences,
});
const all = [shard(0), shard(1), shard(2)];

describe('shards of a campaign', () => {
  it('in any order are one', () => {
    const merged = mergeCampaigns(all);
    expect(merged).toMatchObject({ shard: '0/1', seeds: 10, twice: 3, tally: { 'move running': 6 }, seconds: 2 });
    // Three tenths, and not 0.30000000000000004.
    expect(merged.simulatedSeconds).toBe(0.3);
    expect(mergeCampaigns(all.toReversed())).toEqual(merged);
    expect(mergeCampaigns([merged])).toEqual(merged);
  });

  it.each<[string, readonly CampaignResult[], RegExp]>([
    ['one is missing', [shard(0), shard(2)], /shard 1\/3 of 3 is missing; run it again/],
    ['the one is missing that Swarm calls the last', [shard(1), shard(2)], /shard 0\/3 \(or 3\/3\) of 3 is missing/],
    ['one is there twice', [...all, shard(1)], /shard 1\/3 is there twice/],
    ['one was ended early', [shard(0), shard(1, { seeds: 1 }), shard(2)], /shard 1\/3 ran 1 of its 3 seeds/],
    [
      'one is of other seeds',
      [shard(0), shard(1), shard(2, { first: 11 })],
      /has first 1, shard 2\/3 has 11: they are of different/,
    ],
    ['one is of another length', [shard(0), shard(1), shard(2, { of: 11 })], /has of 10, shard 2\/3 has 11/],
    [
      'one has a bug put in',
      [shard(0), shard(1), shard(2, { canary: 'parrot' })],
      /has canary null, shard 2\/3 has parrot/,
    ],
    ['one is of another division', [shard(0), { ...shard(1), shard: '1/4' }], /a campaign is divided in one way/],
    ['there is none', [], /name the files of its shards/],
  ])('%s: refused', (_, shards, message) => {
    expect(() => mergeCampaigns(shards)).toThrow(message);
  });

  it('have all seeds between them, however they are divided', () => {
    for (const of of [0, 1, 7, 100])
      for (const parts of [1, 2, 3, 8, 200]) {
        const sizes = Array.from({ length: parts }, (_, index) => seedsOf({ index, parts }, of));
        expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(of);
      }
  });
});

describe('the sum of histories', () => {
  const seeds = [1, 2, 3, 4].map((seed) => ({ seed, hash: `hash of ${seed}` }));

  it('is the same in parts, in any order', () => {
    const whole = historiesSum(seeds);
    expect(whole).toMatch(/^[0-9a-f]{64}$/);
    expect(historiesSum(seeds.toReversed())).toBe(whole);
    expect(addHistories([historiesSum(seeds.slice(0, 1)), historiesSum(seeds.slice(1))])).toBe(whole);
  });

  it('differs when one history does, or when two seeds have changed theirs', () => {
    const [one, two, ...rest] = seeds as [(typeof seeds)[0], (typeof seeds)[0]];
    expect(historiesSum([{ ...one, hash: 'other' }, two, ...rest])).not.toBe(historiesSum(seeds));
    expect(historiesSum([{ ...one, hash: two.hash }, { ...two, hash: one.hash }, ...rest])).not.toBe(
      historiesSum(seeds),
    );
  });
});

it('tallies add up, in the order of their words', () => {
  expect(JSON.stringify(sumOfTallies([{ b: 1 }, { a: 1, b: 2 }]))).toBe('{"a":1,"b":3}');
});
