/**
 * A plan: what a scenario comes to on one testbed, with every instant in true time from the start of the run (zero).
 * Pure: the same scenario, testbed, seed and scale give the same plan, and the plan goes into the history's first line,
 * so that every checker can be run again from the history alone.
 * Stop, run and events lie on the grid of guest ticks (multiples of 1/hz); programs start half a tick off it, so that no
 * result hangs on the order of two things at one instant. Keys of times end in `Ns` (plan-json.ts relies on it).
 */
import type { RestorePolicy } from '@skewbed/model/migration/hand-over.ts';
import { ceilDiv, maxOf } from '@skewbed/model/time/nanos.ts';
import type { DomainSpec, HostConfig, HostEvent } from '@skewbed/model/xen/host-event.ts';
import type { Transfer } from '@skewbed/proto/control/transfer.ts';
import { type DurationNs, NS_PER_S } from '@skewbed/proto/units.ts';
import { planHosts, wallAheadNs } from './plan-hosts.ts';
import { GUEST, planActions, planPrograms } from './plan-programs.ts';
import { type Scale, scaledLengths, scaledNs, scaleFigure, scaleScenario } from './scenarios/scale.ts';
import type { Scenario, TimerKind } from './scenarios/scenario.ts';
import { patchesOf } from './scenarios/vocabulary.ts';

export type TestbedName = 'sim' | 'processes' | 'containers';

/** What a program in the guest waits for, and why it is there. */
export type Program = {
  readonly timer: string;
  readonly role: 'new-sleep' | 'old-sleep' | 'sleep' | 'timer';
  readonly kind: 'nanosleep' | TimerKind;
  readonly lengthNs: DurationNs;
  /** As the scenario says it: seconds after the reference instant, or before the stop. */
  readonly side: 'before-stop' | 'after-reference';
  readonly armedNs: DurationNs;
  /** The instant at which it is really started. */
  readonly armAtNs: DurationNs;
  /** When it should come back: of what was left at the stop, counted on from the reference instant. */
  readonly dueNs: DurationNs;
};

/** Where an action goes: to a host by name, or to whichever host has the guest then. */
export type Target = { readonly to: 'host'; readonly host: string } | { readonly to: 'guest' };
export type PlannedAction = { readonly atNs: DurationNs; readonly target: Target; readonly event: HostEvent };

export type PlannedMove = {
  readonly migration: string;
  readonly from: string;
  readonly to: string;
  readonly restore: RestorePolicy;
  readonly suspendAtNs: DurationNs;
  readonly runAtNs: DurationNs;
  readonly sourceWallAheadNs: DurationNs;
  readonly transfer?: Transfer;
};

export type Plan = {
  readonly testbed: TestbedName;
  readonly realTime: 'real' | 'virtual';
  readonly seed: number;
  readonly scale: number;
  /** After scaling. */
  readonly scenario: Scenario;
  readonly tickNs: DurationNs;
  readonly toleranceNs: DurationNs;
  /** Clocks of the hosts; `origin` is zero here, and set by the runner. */
  readonly hosts: readonly HostConfig[];
  readonly startHost: string;
  readonly domain: DomainSpec;
  readonly warmUpNs: DurationNs;
  readonly move: PlannedMove | null;
  /** When the guest runs again; without a move, the first event. */
  readonly referenceNs: DurationNs;
  readonly programs: readonly Program[];
  /** By instant; at one instant in this order. */
  readonly actions: readonly PlannedAction[];
  readonly horizonNs: DurationNs;
};

export type PlanOptions = {
  readonly testbed: TestbedName;
  readonly seed: number;
  readonly scale: Scale;
  readonly toleranceNs: DurationNs;
};

const MIGRATION = 'm1';
const REAL_WARM_UP_NS = (6n * NS_PER_S) / 10n;
const LEAST_RUN_NS = 5n * NS_PER_S;

/** Makes the plan of a scenario that was read and not refused. */
export function makePlan(unscaled: Scenario, { testbed, seed, scale, toleranceNs }: PlanOptions): Plan {
  const scenario = onGrid(scaleScenario(unscaled, scale));
  const tickNs = tickOf(scenario);
  const realTime = testbed === 'sim' ? 'virtual' : 'real';
  const warmUpNs = warmUpOf(scenario, { scale, tickNs, realTime });
  const { move } = scenario;
  const stopNs = warmUpNs;
  const referenceNs = move.kind === 'none' ? warmUpNs + (scenario.events[0]?.atNs ?? 0n) : stopNs + move.downtimeNs;
  const hosts = planHosts(scenario, { stopNs, runNs: move.kind === 'none' ? stopNs : referenceNs });
  const instants = { stopNs: move.kind === 'none' ? referenceNs : stopNs, referenceNs, warmUpNs, tickNs };
  const programs = planPrograms(scenario, instants, scale);
  const horizonNs = horizonOf(scenario, { programs, referenceNs, scale });
  return {
    testbed,
    realTime,
    seed,
    scale: scaleFigure(scale),
    scenario,
    tickNs,
    toleranceNs,
    hosts,
    startHost: move.kind === 'none' ? scenario.hosts[0]!.name : move.from,
    domain: {
      name: GUEST,
      kernel: scenario.guest.kernel,
      build: scenario.guest.build,
      vcpus: scenario.guest.vcpus,
      pages: scenario.guest.memoryBytes / 4096,
      hz: scenario.guest.hz,
      patches: patchesOf('guest', scenario.patches),
      reader: scenario.guest.reader,
      writerPages: scenario.guest.writerPages ?? 16,
      ...(scenario.guest.writerRate === undefined ? {} : { writerRate: scenario.guest.writerRate }),
    },
    warmUpNs,
    move:
      move.kind === 'none'
        ? null
        : {
            migration: MIGRATION,
            from: move.from,
            to: move.to,
            restore: scenario.restore,
            ...(scenario.migration === undefined ? {} : { transfer: scenario.migration }),
            suspendAtNs: stopNs,
            runAtNs: referenceNs,
            sourceWallAheadNs: wallAheadNs(hosts, { of: move.from, over: move.to, atNs: stopNs }),
          },
    referenceNs,
    programs,
    actions: planActions(scenario, { ...instants, programs, hosts, horizonNs }),
    horizonNs,
  };
}

/** The length of one guest tick. */
export const tickOf = (scenario: Scenario): DurationNs => NS_PER_S / BigInt(scenario.guest.hz);

/** How long the run would take if it went on to its horizon. */
export const lengthOf = (plan: Plan): DurationNs => plan.horizonNs;

/** Moves events to the next guest tick, so that scaling cannot put two runs into different phases of a tick. */
function onGrid(scenario: Scenario): Scenario {
  const tickNs = tickOf(scenario);
  return {
    ...scenario,
    events: scenario.events.map((event) => ({ ...event, atNs: ceilDiv(event.atNs, tickNs) * tickNs })),
  };
}

function warmUpOf(
  scenario: Scenario,
  { scale, tickNs, realTime }: { scale: Scale; tickNs: DurationNs; realTime: Plan['realTime'] },
): DurationNs {
  const armedBefore = [...scenario.sleeps, ...scenario.timers]
    .filter((sleep) => sleep.armed.side === 'before-stop')
    .map((sleep) => sleep.armed.ns);
  const settle = maxOf(scaledNs(2n * NS_PER_S, scale), realTime === 'real' ? REAL_WARM_UP_NS : 0n);
  const leastNs = maxOf(settle, armedBefore.reduce(maxOf, 0n) + 20n * tickNs);
  return ceilDiv(leastNs, tickNs) * tickNs;
}

/** Long enough for every freeze that the skews can cause, for every sleep, and to see that the clocks move again. */
function horizonOf(
  scenario: Scenario,
  { programs, referenceNs, scale }: { programs: readonly Program[]; referenceNs: DurationNs; scale: Scale },
): DurationNs {
  const [, , ...lengths] = scaledLengths(scenario);
  const disturbance = lengths.reduce((sum, ns) => sum + ns, 0n);
  const longest = programs.map((program) => maxOf(0n, program.dueNs - referenceNs)).reduce(maxOf, 0n);
  const lastEvent = scenario.events.map((event) => event.atNs).reduce(maxOf, 0n);
  const after = (disturbance * 5n) / 4n + longest + lastEvent + scaledNs(120n * NS_PER_S, scale);
  const tickNs = tickOf(scenario);
  return referenceNs + ceilDiv(maxOf(after, LEAST_RUN_NS), tickNs) * tickNs;
}
