/** Campaigns with a deliberate bug, whole and in shards, and what one is told by. The set that CI runs: ci-set.test.ts. */
import { describe, expect, it } from 'vitest';
import { isChecked, readShard, runCampaign } from './campaign.ts';
import { mergeCampaigns } from './campaign-merge.ts';
import { campaignExit, type Failure, readCampaign } from './campaign-result.ts';
import { campaignJunit, campaignMarkdown, failureLines, summaryLines } from './campaign-text.ts';
import { readReplayCode } from './replay-code.ts';
import { judgeSchedule } from './verdict.ts';

describe('a campaign', () => {
  it('with a deliberate bug tells it, shrunk, with the line that repeats it', { timeout: 120_000 }, async () => {
    const result = await runCampaign({
      first: 1,
      seeds: 24,
      workers: 2,
      checkDeterminism: 0,
      shrinkMost: 1,
      canary: 'abort-loses-guest',
    });
    const [failure, ...others] = result.failures;
    expect(failure).toMatchObject({ checker: 'copies' });
    expect(failure?.shrunk?.faults).toBeLessThanOrEqual(3);
    const again = judgeSchedule(readReplayCode(failure!.replay.split(' ').at(-1)!), 'once');
    expect(again.violations[0]?.checker).toBe('copies');
    expectLastLineToReplay(failure!, result);
    expect(others.every(({ shrunk }) => shrunk === null)).toBe(true);
    expect(campaignExit(result)).toBe(1);
    expect(readCampaign(JSON.parse(JSON.stringify(result)), 'here')).toEqual(result);
  });

  it('gives the same in shards as in one, but for the time that it took', { timeout: 120_000 }, async () => {
    const options = {
      first: 5,
      seeds: 13,
      workers: 2,
      checkDeterminism: 50,
      shrinkMost: 20,
      canary: 'abort-loses-guest',
    };
    const whole = await runCampaign(options);
    const parts = await Promise.all(
      ['1/3', '2/3', '3/3'].map((shard) => runCampaign({ ...options, workers: 1, shard: readShard(shard) })),
    );
    expect(parts.map(({ seeds }) => seeds)).toEqual([4, 4, 5]);
    expect(whole.failures.length).toBeGreaterThan(0);
    const { seconds: _, ...merged } = mergeCampaigns(parts);
    const { seconds: __, ...unsharded } = whole;
    expect(merged).toEqual(unsharded);
    expect(summaryLines(mergeCampaigns(parts))[1]).toBe(summaryLines(whole)[1]);
  });
});

/** In the text of a terminal, in JUnit and in Markdown: a command that can be pasted. */
function expectLastLineToReplay(failure: Failure, result: Parameters<typeof campaignJunit>[0]): void {
  expect(failure.replay).toMatch(/^npx skewbed replay sb1\.[A-Za-z0-9_-]+$/);
  expect(failureLines(failure).at(-1)).toBe(failure.replay);
  const [, text] = /<failure message="[^"]*">([^<]*)<\/failure>/.exec(campaignJunit(result)) ?? [];
  expect(text?.split('\n').at(-1)).toBe(failure.replay);
  const blocks = [...campaignMarkdown(result).matchAll(/```\n([^`]*)\n```/g)];
  expect(blocks[0]?.[1]).toBe(failure.replay);
}

describe('what a campaign says', () => {
  const nothing = {
    schema: 1,
    kind: 'chaos',
    first: 1,
    of: 100,
    seeds: 100,
    shard: '0/1',
    kernel: null,
    faults: null,
    find: null,
    canary: null,
    checkDeterminism: 5,
    twice: 5,
    failures: [],
    tally: {},
    historiesSum: '0'.repeat(64),
    seconds: 6,
    simulatedSeconds: 600,
  } as const;
  const seen = { 'move running': 3, 'date confirmed': 2 };

  it('is blind when nothing moved, or no fault was confirmed: that is no pass', () => {
    expect(campaignExit({ ...nothing, failures: [] })).toBe(2);
    expect(campaignExit({ ...nothing, failures: [], tally: { 'move running': 3 } })).toBe(2);
    expect(campaignExit({ ...nothing, failures: [], tally: seen })).toBe(0);
    expect(campaignJunit({ ...nothing, failures: [] })).toContain('errors="1"');
  });

  it('passes with --find when something was found, and only then', () => {
    const failure = {
      seed: 1,
      checker: 'hang',
      at: 1,
      what: 'a sleep',
      also: [],
      history: '0'.repeat(64),
      shrunk: null,
      thresholds: [],
      replay: 'npx skewbed replay x',
    };
    expect(campaignExit({ ...nothing, failures: [], tally: seen, find: 'hang' })).toBe(1);
    expect(campaignExit({ ...nothing, failures: [failure], tally: seen, find: 'hang' })).toBe(0);
    expect(campaignExit({ ...nothing, failures: [{ ...failure, checker: 'copies' }], tally: seen, find: 'hang' })).toBe(
      1,
    );
  });

  it('reads shards counted from 0 and from 1, and no others', () => {
    expect(new Set(['0/3', '1/3', '2/3'].map((text) => readShard(text).index))).toEqual(new Set([0, 1, 2]));
    expect(new Set(['1/3', '2/3', '3/3'].map((text) => readShard(text).index))).toEqual(new Set([0, 1, 2]));
    for (const text of ['4/3', '1', '1/0', 'a/b', '-1/3']) expect(() => readShard(text)).toThrow(/write i\/n/);
  });

  it('checks the same seeds twice every time', () => {
    const checked = Array.from({ length: 1000 }, (_, seed) => isChecked(seed, 5));
    expect(checked.filter(Boolean).length).toBeGreaterThan(30);
    expect(checked.filter(Boolean).length).toBeLessThan(70);
    expect(isChecked(7, 100)).toBe(true);
    expect(isChecked(7, 0)).toBe(false);
  });
});
