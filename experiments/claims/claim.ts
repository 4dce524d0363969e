/**
 * A claim of the xen-devel thread of November 2008 as something that can be put to the test: who said it, what it
 * predicts of which runs, and what this project's facts expect the runs to show (facts K.4). One file for each claim.
 * A trial holds when the run shows what the claim predicts; the claim is true when every trial holds, false when none does.
 */
import type { DurationNs } from '@skewbed/proto/units.ts';
import { loadScenario } from '../case-library.ts';
import type { JudgedRun } from '../result.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { type Variation, varied } from '../trial.ts';

export type Finding = 'true' | 'false' | 'partly' | 'out-of-scope';

export type Trial = {
  readonly label: string;
  /** What the claim says about this run, in words. */
  readonly predicts: string;
  readonly scenario: () => Scenario;
  readonly holds: (run: JudgedRun) => boolean;
};

export type Claim = {
  readonly name: string;
  readonly who: string;
  readonly says: string;
  /** What the claim comes to as a prediction, or why it cannot be tested here. */
  readonly predicts: string;
  readonly trials: readonly Trial[];
  /** What the runs are expected to show; `skewbed claims` fails when they show something else. */
  readonly finding: Finding;
  /** Why it came out so, in terms of the mechanisms. */
  readonly because: string;
};

type TrialOf = Variation & {
  readonly case: string;
  /** Anything else that is changed in the case, such as sleeps and events. */
  readonly change?: (scenario: Scenario) => Partial<Scenario>;
  readonly predicts: string;
  readonly holds: (run: JudgedRun) => boolean;
};

/** A trial: a case, varied. */
export function trial({ case: name, kernel, restore, patches, change, predicts, holds }: TrialOf): Trial {
  const variation = { ...(kernel && { kernel }), ...(restore && { restore }), ...(patches && { patches }) };
  return {
    label: [name.toUpperCase(), kernel, restore, ...(patches ?? [])].filter((part) => part !== undefined).join(' '),
    predicts,
    scenario: () => {
      const scenario = varied(loadScenario(name), variation);
      return { ...scenario, ...change?.(scenario), expect: null };
    },
    holds,
  };
}

/** The same trial on several kernels. */
export function onKernels(kernels: readonly string[], of: Omit<TrialOf, 'kernel'>): readonly Trial[] {
  return kernels.map((kernel) => trial({ ...of, kernel }));
}

export const K0 = 'xenlinux-2.6.18-2007';
export const K1 = 'xenlinux-2.6.18';
export const K2 = 'suse-2.6.25';
export const K2_LATER = 'suse-2.6.31';
export const K3 = 'pvops-2.6.27';
export const K4 = 'pvops-2.6.35';
export const K5 = 'pvops-6.12';
export const EVERY_KERNEL = [K0, K1, K2, K2_LATER, K3, K4, K5] as const;

export const frozen = ({ result }: JudgedRun): boolean => result.verdict === 'frozen';
export const healthy = ({ result }: JudgedRun): boolean => result.verdict === 'healthy';

/** dom0 publishes its own wall, as its ntp does, this long after the guest runs again. */
export const published = (atNs: DurationNs) => (): Partial<Scenario> => ({
  events: [{ atNs, host: 'b', settime: { kind: 'by', byNs: 0n } }],
});

/** Whether a timer of the scenario, by its number from 1, came back more than a second too late. */
export const timerLate =
  (number: number) =>
  ({ plan, events }: JudgedRun): boolean => {
    const program = plan.programs.find((each) => each.timer === `timer-${number}`)!;
    const back = events.find((event) => event.kind === 'timer-returned' && event.timer === program.timer);
    return back === undefined || back.at - program.dueNs > 1_000_000_000n;
  };
