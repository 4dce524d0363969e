/** The cells of facts K.2, both tables, and the extra golden values, on two hosts and nothing else. */
import { readFileSync } from 'node:fs';
import { NS_PER_S } from '@skewbed/proto/units.ts';
import { describe, expect, it } from 'vitest';
import { type Outcome, runTrial, TICK_NS, type Trial } from '../laboratory.ts';
import type { KernelName } from '../xen/host-event.ts';

type Cell = {
  late: number;
  mechanism?: string;
  dateStep?: number;
  dateAheadOfHost?: number;
  monotonicLeap?: number;
  schedClockStuck?: number;
};
type Scenario = {
  uptimeA?: number;
  uptimeB?: number;
  wallBMinusWallA?: number;
  downtime?: number;
  settimeBack?: number;
};
type Golden = {
  scenarios: Record<string, Scenario>;
  kernels: Record<string, KernelName>;
  expected: Record<string, Record<string, Record<string, Cell>>>;
};

const golden: Golden = JSON.parse(readFileSync(new URL('../golden/clock-backward.json', import.meta.url), 'utf8'));
const s = (seconds: number): bigint => BigInt(seconds) * NS_PER_S;
const HORIZON = s(1_700_000);

function trialOf(id: string, label: string): Trial {
  const { uptimeA, uptimeB, wallBMinusWallA, downtime, settimeBack } = golden.scenarios[id] as Scenario;
  const kernel = golden.kernels[label] as KernelName;
  if (settimeBack !== undefined)
    return { kernel, uptimeA: s(1_000_000), move: null, settime: s(-settimeBack), horizon: HORIZON };
  const move = {
    uptimeB: s(uptimeB as number),
    wallJump: s(wallBMinusWallA as number),
    downtime: s(downtime as number),
  };
  return { kernel, uptimeA: s(uptimeA as number), move, horizon: HORIZON };
}

/** Figures agree within one guest tick. */
function within(actual: bigint | null, seconds: number): void {
  expect(actual, 'it never came').not.toBeNull();
  const apart = (actual as bigint) - s(seconds);
  expect(apart <= TICK_NS && apart >= -TICK_NS, `${actual} ns, where ${seconds} s were expected`).toBe(true);
}

function lateOf(outcome: Outcome): bigint | null {
  const late = outcome.late('newSleep');
  return late !== null && late < 0n ? 0n : late;
}

for (const [policy, scenarios] of Object.entries(golden.expected)) {
  if (policy.includes(' ')) continue;
  const song = policy === 'song-2008' ? { restore: 'song-2008' as const, hostPatches: ['song-2008'] } : {};
  describe(`restore ${policy}`, () => {
    for (const [id, kernels] of Object.entries(scenarios)) {
      for (const [label, cell] of Object.entries(kernels)) {
        it(`${id} on ${label}: sleep(1) is ${cell.late} s late`, () => {
          const outcome = runTrial({ ...trialOf(id, label), ...song });
          within(lateOf(outcome), cell.late);
          if (cell.dateStep !== undefined) within(outcome.step('dateNs'), cell.dateStep);
          if (cell.monotonicLeap !== undefined) within(outcome.step('monotonicNs'), cell.monotonicLeap);
          if (cell.schedClockStuck !== undefined) within(outcome.stuck('schedClockNs'), cell.schedClockStuck);
          if (cell.late > 0) {
            const evidence = new Set(mechanisms(outcome));
            expect([...evidence].sort()).toEqual(cell.mechanism?.split('+').sort());
          }
        });
      }
    }
  });
}

/** Mechanisms whose variable was ahead of its clock by more than three ticks at any probe after the reference. */
const mechanisms = (outcome: Outcome): string[] =>
  outcome.history.flatMap((event) =>
    event.kind === 'probe' && event.at >= outcome.reference
      ? event.held.filter((h) => h.holdsNs - h.clockNs > 3n * TICK_NS).map((h) => h.mechanism)
      : [],
  );

describe('what the posted patch hides, and for how long', () => {
  const published = { restore: 'song-2008' as const, hostPatches: ['song-2008'], settimes: [{ after: s(30), by: 0n }] };
  const sleeps = [{ armed: s(31), length: s(1) }];

  it.each([
    ['T1', 600],
    ['T2', 800_598],
  ])('%s on K1 is healthy until dom0 sets its clock after 30 s, then freezes for %d s', (id, freeze) => {
    const outcome = runTrial({ ...trialOf(id, 'K1'), ...published, sleeps });
    within(lateOf(outcome), 0);
    within(outcome.late('sleep at 31'), freeze - 1);
    within(outcome.stuck('dateNs'), freeze);
  });
});

describe('more golden values, with an uptime difference of 800 s', () => {
  const t1: Trial = trialOf('T1', 'K1');

  it('K1 in T1: a sleep is late by what is left of the freeze when it is armed', () => {
    const sleeps = [0, 100, 569, 600].map((armed) => ({ armed: s(armed), length: s(1) }));
    const outcome = runTrial({ ...t1, sleeps });
    for (const [armed, returns] of [
      [0, 571],
      [100, 471],
      [569, 2],
      [600, 1],
    ] as const) {
      within(outcome.late(`sleep at ${armed}`), returns - 1);
    }
    within(outcome.late('oldSleep'), 0);
  });

  it('K1 in T1, the clock set right after 60 s: the date is cured, what was armed before is not', () => {
    const sleeps = [0, 30, 61].map((armed) => ({ armed: s(armed), length: s(1) }));
    const outcome = runTrial({ ...t1, sleeps, settimes: [{ after: s(60), by: s(600) }] });
    within(outcome.stuck('dateNs'), 60);
    for (const [armed, returns] of [
      [0, 571],
      [30, 541],
      [61, 1],
    ] as const)
      within(outcome.late(`sleep at ${armed}`), returns - 1);
  });

  it('K2 in T3 scaled: 801 s for sleep(1), 900 s for what had 100 s left', () => {
    const move = { uptimeB: s(200), wallJump: s(2), downtime: s(2) };
    const outcome = runTrial({ kernel: 'suse-2.6.25', uptimeA: s(1000), move, horizon: s(2000) });
    within(outcome.late('newSleep'), 800);
    within(outcome.late('oldSleep'), 800);
  });
});
