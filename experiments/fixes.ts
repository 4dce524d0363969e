/**
 * Which fix cures which symptom (facts K.5), found out by running each symptom with each fix. A symptom is a run that
 * shows one mechanism alone, and what to look at in it; a fix is a patch by itself, or none of Xen's but a policy.
 */
import { PATCHES } from '@skewbed/model/patches/registry.ts';
import { NS_PER_S } from '@skewbed/proto/units.ts';
import { loadScenario } from './case-library.ts';
import { refusedByPolicy } from './checkers/fault.ts';
import { K1, K2, K3, K4, published, timerLate } from './claims/claim.ts';
import { type JudgedRun, judge } from './result.ts';
import type { Scenario } from './scenarios/scenario.ts';
import { patchApplies } from './scenarios/vocabulary.ts';
import { runInSim } from './testbeds/sim.ts';
import { DEFAULT_LIMIT_NS, planTrial, varied } from './trial.ts';

export type Symptom = {
  readonly name: string;
  readonly text: string;
  readonly scenario: Scenario;
  readonly shows: (run: JudgedRun) => boolean;
};

/**
 * 'sleeps': new sleeps are on time again, and the date still stands. 'other': the symptom is gone and the guest freezes by
 * another mechanism. 'not-moved': the fix refuses the move.
 */
export type Effect =
  | { readonly kind: 'cured' | 'sleeps' | 'no' | 'not-applicable' | 'not-moved' }
  | { readonly kind: 'other'; readonly mechanism: string };
export type FixRow = { readonly fix: string; readonly effects: readonly Effect[] };

const mechanism =
  (word: string) =>
  ({ result }: JudgedRun): boolean =>
    result.mechanism.split('+').includes(word);
const on = (name: string, kernel: string, more: Partial<Scenario> = {}): Scenario => ({
  ...varied(loadScenario(name), { kernel }),
  ...more,
});

/** Every symptom, each in a run that shows it when nothing is fixed. */
export function symptoms(): readonly Symptom[] {
  const bare = on('t3', K2);
  return [
    {
      name: 'M0',
      text: 'T3 on xenlinux-2.6.18 whose time_resume does not reset P',
      scenario: on('t3', K1, { patches: ['without-p-reset'] }),
      shows: mechanism('M0'),
    },
    { name: 'M1', text: 'T1 on xenlinux-2.6.18', scenario: on('t1', K1), shows: mechanism('M1') },
    {
      name: 'M1, ntp',
      text: 'T1 on xenlinux-2.6.18, dom0 publishes its clock 30 s later',
      scenario: on('t1', K1, published(30n * NS_PER_S)()),
      shows: mechanism('M1'),
    },
    { name: 'M1, date', text: 'T5 on xenlinux-2.6.18', scenario: on('t5', K1), shows: mechanism('M1') },
    { name: 'M2', text: 'T3 on suse-2.6.25', scenario: bare, shows: mechanism('M2') },
    { name: 'M2+M2b', text: 'T3 on pvops-2.6.35', scenario: on('t3', K4), shows: mechanism('M2b') },
    { name: 'M3', text: 'T3 on pvops-2.6.27', scenario: on('t3', K3), shows: mechanism('M3') },
    {
      name: 'M4',
      text: 'T3 on a UP build of suse-2.6.25',
      scenario: { ...bare, guest: { ...bare.guest, build: 'up' } },
      shows: mechanism('M4'),
    },
    {
      name: 'REALTIME late',
      text: 'T1 on xenlinux-2.6.18, a timer on an absolute CLOCK_REALTIME armed before the stop',
      scenario: on('t1', K1, {
        timers: [{ kind: 'absolute-realtime', lengthNs: 100n * NS_PER_S, armed: { side: 'before-stop', ns: 0n } }],
      }),
      shows: timerLate(1),
    },
  ];
}

/** Each fix alone, against every symptom. */
export function fixRows(): readonly FixRow[] {
  const all = symptoms();
  return PATCHES.filter((patch) => patch.testOnly !== true).map((patch) => ({
    fix: patch.name,
    effects: all.map((symptom) => effectOf(symptom, patch.name)),
  }));
}

/** What a fix does to a symptom. */
export function effectOf({ scenario, shows }: Symptom, fix: string): Effect {
  if (!patchApplies(fix, scenario.guest.kernel)) return { kind: 'not-applicable' };
  const patched =
    fix === 'song-2008'
      ? { ...scenario, restore: 'song-2008' as const }
      : { ...scenario, patches: [...scenario.patches, fix] };
  const run = runSymptom(patched);
  if (scenario.move.kind !== 'none' && refusedByPolicy(run.events)) return { kind: 'not-moved' };
  const { verdict, mechanism: word, probes } = run.result;
  if (!shows(run)) return newFreeze(verdict, word, scenario) ? { kind: 'other', mechanism: word } : { kind: 'cured' };
  // Only where nothing but the freeze itself is looked at: no timers of their own, no settime later.
  const plain = scenario.timers.length === 0 && scenario.events.length === 0;
  const sleepsEased = exceedsSecond(probes.date?.stuckFor) && !exceedsSecond(probes.newSleep?.late);
  return { kind: plain && sleepsEased ? 'sleeps' : 'no' };
}

/** Runs a symptom's scenario in the simulator. */
export function runSymptom(scenario: Scenario): JudgedRun {
  const { header, events } = runInSim(planTrial(scenario, { testbed: 'sim', seed: 1, limitNs: DEFAULT_LIMIT_NS }));
  return judge(header, events);
}

/** Frozen all the same, by something that the bare run did not show. */
function newFreeze(verdict: string, word: string, scenario: Scenario): boolean {
  return verdict === 'frozen' && runSymptom(scenario).result.mechanism !== word;
}

/** Longer than a second; null is for ever. */
const exceedsSecond = (seconds: number | null | undefined): boolean => seconds === null || (seconds ?? 0) > 1;
