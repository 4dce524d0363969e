/**
 * A scenario made ready for a testbed: varied as somebody asked, scaled, refused when it would prove nothing, planned.
 * The testbeds run the plan; result.ts judges what comes back.
 */
import { readDuration } from '@skewbed/model/time/nanos.ts';
import type { KernelName } from '@skewbed/model/xen/host-event.ts';
import { STOP_AND_COPY } from '@skewbed/proto/control/transfer.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import type { DurationNs } from '@skewbed/proto/units.ts';
import { makePlan, type Plan, type TestbedName, tickOf } from './plan.ts';
import type { RunOutcome } from './scenario-run.ts';
import { hintAmong } from './scenarios/closest-name.ts';
import { PRECOPY_POLICIES, precopyNamed } from './scenarios/file-transfer.ts';
import { refuseLongRuns, refuseSmallSkews } from './scenarios/refusals.ts';
import { FULL_SCALE, REAL_TOLERANCE_NS, readScale } from './scenarios/scale.ts';
import { RESTORE_POLICIES, type Scenario } from './scenarios/scenario.ts';
import { kernelProblem, patchProblem } from './scenarios/vocabulary.ts';

/** Somewhere to run plans, one after the other. */
export interface Testbed {
  readonly name: TestbedName;
  /** `progress` is told how far the run has come, in [0, 1], and what it is about. */
  run(plan: Plan, progress?: (part: number, note?: string) => void): Promise<RunOutcome>;
  close(): Promise<void>;
}

export type TrialOptions = {
  readonly testbed: TestbedName;
  readonly seed: number;
  /** auto, 1 or 1/N. Without it nothing is scaled. */
  readonly scale?: string;
  readonly limitNs: DurationNs;
};

/** How long a run in real time may take unless somebody says otherwise. */
export const DEFAULT_LIMIT_NS: DurationNs = readDuration('60s');

/** The plan of a scenario on a testbed, or the reason why it is refused. */
export function planTrial(scenario: Scenario, { testbed, seed, scale, limitNs }: TrialOptions): Plan {
  const realTime = testbed === 'sim' ? 'virtual' : 'real';
  const toleranceNs = realTime === 'virtual' ? tickOf(scenario) : REAL_TOLERANCE_NS;
  const plan = makePlan(scenario, {
    testbed,
    seed,
    toleranceNs,
    scale: scale === undefined ? FULL_SCALE : readScale(scale, scenario),
  });
  refuseSmallSkews(plan.scenario, { toleranceNs, realTime });
  if (realTime === 'real') refuseLongRuns(plan.scenario, plan.horizonNs, limitNs);
  return plan;
}

export type Variation = {
  readonly kernel?: string;
  readonly restore?: string;
  readonly patches?: readonly string[];
  readonly precopy?: string;
};

/**
 * The scenario with another kernel, policy or patches. What it expected no longer holds then, so it expects nothing; but
 * how the memory is carried is no reason for another verdict.
 */
export function varied(original: Scenario, { kernel, restore, patches, precopy }: Variation): Scenario {
  const scenario = precopy === undefined ? original : withPrecopy(original, precopy);
  if (kernel === undefined && restore === undefined && patches === undefined) return scenario;
  const fail = (problem: string | undefined): void => {
    if (problem !== undefined) throw new SkewbedError('bad-argument', problem);
  };
  if (kernel !== undefined) fail(kernelProblem(kernel));
  const policies: readonly string[] = RESTORE_POLICIES;
  if (restore !== undefined && !policies.includes(restore))
    fail(`there is no restore policy '${restore}'${hintAmong(restore, policies)}`);
  const guest = { ...scenario.guest, kernel: (kernel as KernelName | undefined) ?? scenario.guest.kernel };
  const names = patches ?? scenario.patches;
  for (const name of names) fail(patchProblem(name, guest.kernel));
  const policy = (restore as Scenario['restore'] | undefined) ?? scenario.restore;
  // As in a scenario file: the policy song-2008 and the patch of that name are one thing.
  const song = policy === 'fields-2007' && names.includes('song-2008');
  return {
    ...scenario,
    guest,
    restore: song ? 'song-2008' : policy,
    patches: song || policy === 'song-2008' ? names.filter((name) => name !== 'song-2008') : names,
    expect: null,
  };
}

/** Another pre-copy; the way, the bandwidth and the rest are as the file has them. */
function withPrecopy(scenario: Scenario, named: string): Scenario {
  const policy = PRECOPY_POLICIES.find((each) => each === named);
  if (policy === undefined) {
    throw new SkewbedError(
      'bad-argument',
      `there is no pre-copy policy '${named}'${hintAmong(named, PRECOPY_POLICIES)}`,
    );
  }
  if (scenario.move.kind === 'none')
    throw new SkewbedError('bad-argument', `${scenario.scenario} moves nothing, so there is nothing to copy`);
  const { migration = STOP_AND_COPY } = scenario;
  return migration.precopy.policy === policy
    ? scenario
    : { ...scenario, migration: { ...migration, precopy: precopyNamed(policy) } };
}
