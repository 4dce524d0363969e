/**
 * Puts a claim to the test: runs its trials on a testbed and says whether each came out as the claim predicts. What the
 * runs show is compared with what the claim's file expects, so that a change of the model cannot change history quietly.
 */
import type { Fault } from '../checkers/fault.ts';
import { judge } from '../result.ts';
import { planTrial, type Testbed, type TrialOptions } from '../trial.ts';
import type { Claim, Finding, Trial } from './claim.ts';

export type TrialShown = {
  readonly label: string;
  readonly predicts: string;
  readonly held: boolean;
  readonly fault: Fault;
  readonly verdict: string;
  readonly mechanism: string;
  readonly late: number | null;
};

export type ClaimShown = {
  readonly name: string;
  readonly who: string;
  readonly says: string;
  readonly predicts: string;
  readonly finding: Finding;
  readonly expected: Finding;
  readonly because: string;
  readonly trials: readonly TrialShown[];
};

/** Runs the trials of a claim. */
export async function testClaim(claim: Claim, testbed: Testbed, options: TrialOptions): Promise<ClaimShown> {
  const trials: TrialShown[] = [];
  for (const trial of claim.trials) trials.push(await runTrial(trial, testbed, options));
  const { name, who, says, predicts, because, finding: expected } = claim;
  return { name, who, says, predicts, finding: findingOf(trials), expected, because, trials };
}

/** What trials come to together. */
export function findingOf(trials: readonly Pick<TrialShown, 'held'>[]): Finding {
  if (trials.length === 0) return 'out-of-scope';
  const held = trials.filter((trial) => trial.held).length;
  return held === trials.length ? 'true' : held === 0 ? 'false' : 'partly';
}

async function runTrial(
  { label, predicts, scenario, holds }: Trial,
  testbed: Testbed,
  options: TrialOptions,
): Promise<TrialShown> {
  const { header, events } = await testbed.run(planTrial(scenario(), options));
  const run = judge(header, events);
  const { fault, verdict, mechanism, probes } = run.result;
  return { label, predicts, held: holds(run), fault, verdict, mechanism, late: probes.newSleep?.late ?? null };
}
