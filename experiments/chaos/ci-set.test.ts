/** The set that CI runs (`npm run proofs`): 500 seeds of the default mix, each twice, on every processor. */
import { expect, it } from 'vitest';
import { runCampaign } from './campaign.ts';
import { blindness, campaignExit } from './campaign-result.ts';
import { failureLines } from './campaign-text.ts';

const CI_SEEDS = 500;

it(`a campaign over ${CI_SEEDS} seeds, each twice, finds nothing, and sees moves and every outcome of faults`, async () => {
  const result = await runCampaign({ first: 1, seeds: CI_SEEDS, checkDeterminism: 100, shrinkMost: 3 });
  expect(result.failures.map((failure) => failureLines(failure))).toEqual([]);
  expect([result.seeds, result.twice]).toEqual([CI_SEEDS, CI_SEEDS]);
  expect(result.tally['move running']).toBeGreaterThan(CI_SEEDS);
  expect(result.tally['move aborted']).toBeGreaterThan(CI_SEEDS / 4);
  expect(blindness(result)).toBeNull();
  expect(campaignExit(result)).toBe(0);
});
