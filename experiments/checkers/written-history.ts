/**
 * Histories written by hand for the tests of the checkers: a guest whose clocks are plain functions of true time, looked
 * at when a real one would be. Nothing of the model runs here, so a checker that believes the model is found out.
 */

import type { EventOf, HeldVariable, HistoryEvent, ProbeReading } from '@skewbed/proto/history.ts';
import { hostUptimeNs, hostWallNs, trueNs } from '@skewbed/proto/units.ts';
import { makePlan, type Plan } from '../plan.ts';
import { clocksOf } from '../plan-hosts.ts';
import { GUEST } from '../plan-programs.ts';
import { FULL_SCALE } from '../scenarios/scale.ts';
import { readScenario } from '../scenarios/scenario-file.ts';
import { wantedClocks } from './fault.ts';

export const S = 1_000_000_000n;
export const MS = 1_000_000n;
export const TICK = 10n * MS;

/** The plan of a small move: T3's shape with an uptime of `uptimeB` on the target. */
export function movedPlan({ kernel = 'pvops-2.6.35', wallB = '+2s', uptimeB = '1000002s', more = '' } = {}): Plan {
  const text = `scenario: written
guest: { kernel: ${kernel} }
hosts: { a: { wall: 2008-11-27T08:21:44Z, uptime: 1000000s }, b: { wall: "${wallB}", uptime: ${uptimeB} } }
move: { kind: migrate, from: a, to: b, downtime: 2s }
${more}`;
  return makePlan(readScenario(text, 'written.yaml'), {
    testbed: 'sim',
    seed: 1,
    scale: FULL_SCALE,
    toleranceNs: TICK,
  });
}

/** What a guest shows at an instant, and what holds it. A part that is left out is healthy. */
export type Guest = {
  readonly reading?: (atNs: bigint, healthy: ProbeReading) => Partial<ProbeReading>;
  readonly held?: (atNs: bigint) => readonly HeldVariable[];
  /** Instants at which a held variable is freed. */
  readonly releases?: readonly bigint[];
  /** How late each program comes back; null: never. */
  readonly late?: Readonly<Record<string, bigint | null>>;
};

/** A whole history of this plan with this guest. */
export function writtenHistory(plan: Plan, guest: Guest = {}): HistoryEvent[] {
  const { referenceNs } = plan;
  const stopNs = plan.move?.suspendAtNs ?? referenceNs;
  const hostAt = (at: bigint): string => (plan.move !== null && at >= referenceNs ? plan.move.to : plan.startHost);
  const stamp = (at: bigint, host = hostAt(at)) => {
    const { wallNs, uptimeNs } = wantedClocks(plan, plan.hosts.find((each) => each.name === host)!, at);
    return { at: trueNs(at), host, wallNs: hostWallNs(wallNs), uptimeNs: hostUptimeNs(uptimeNs) };
  };
  const look = (at: bigint, why: EventOf<'probe'>['why']): EventOf<'probe'> => {
    const ran = at >= referenceNs ? at - (referenceNs - stopNs) : at;
    const healthy: ProbeReading = {
      dateNs: clocksOf(plan.hosts[0]!, at).wallNs,
      monotonicNs: ran + 5n * S,
      jiffies: ran / TICK,
      schedClockNs: ran,
      vcpu: 'blocked',
      timerInterrupts: ran / TICK,
    };
    return {
      ...stamp(at),
      kind: 'probe',
      domain: GUEST,
      why,
      reading: { ...healthy, ...guest.reading?.(at, healthy) },
      held: guest.held?.(at) ?? [],
    };
  };
  const ticks = [
    TICK,
    2n * TICK,
    stopNs - TICK,
    referenceNs + TICK,
    referenceNs + 2n * TICK,
    referenceNs + 3n * TICK,
    plan.horizonNs - TICK,
  ];
  const events: HistoryEvent[] = [
    ...plan.hosts.map(
      (host): HistoryEvent => ({
        ...stamp(0n, host.name),
        kind: 'host-started',
        wallSkew: host.wallSkew,
        uptimeSkew: host.uptimeSkew,
        ntp: 'off',
      }),
    ),
    { ...stamp(0n), kind: 'guest-started', domain: GUEST, how: 'booted' },
    look(0n, 'start'),
    ...ticks.map((at) => look(at, 'tick')),
    look(stopNs - 2n, 'asked'),
    look(referenceNs + TICK, 'asked'),
    look(plan.horizonNs, 'asked'),
    ...(guest.releases ?? []).flatMap((at) => [look(at, 'release'), look(at + TICK, 'tick')]),
    ...plan.programs.map(
      (program): HistoryEvent => ({
        ...stamp(program.armAtNs),
        kind: 'timer-armed',
        domain: GUEST,
        timer: program.timer,
        timerKind: program.kind,
        lengthNs: program.lengthNs,
      }),
    ),
    ...plan.programs.flatMap((program): HistoryEvent[] => {
      const late = guest.late?.[program.timer];
      const at = program.dueNs + (late ?? 0n);
      return late === null
        ? []
        : [{ ...stamp(at), kind: 'timer-returned', domain: GUEST, timer: program.timer, dateNs: 0n, monotonicNs: 0n }];
    }),
    { ...stamp(referenceNs + 4n * TICK), kind: 'echo', domain: GUEST, ok: true },
    { ...stamp(referenceNs + 4n * TICK), kind: 'cpu-loop', domain: GUEST, ran: true },
    ...plan.hosts.map(
      (host): HistoryEvent => ({
        ...stamp(referenceNs + 5n * TICK, host.name),
        kind: 'frames-audit',
        ok: true,
        free: 1,
        owned: 1,
        total: 2,
        problems: [],
      }),
    ),
    ...plan.hosts.map(
      (host): HistoryEvent => ({ ...stamp(referenceNs, host.name), kind: 'clock-read', why: 'run', uncertaintyNs: 0n }),
    ),
    ...plan.actions.flatMap(({ event, atNs, target }): HistoryEvent[] =>
      event.type === 'settime' && target.to === 'host'
        ? [
            {
              ...stamp(atNs, target.host),
              kind: 'settime',
              by: 'date',
              steppedNs: event.to.kind === 'relative' ? event.to.byNs : 0n,
            },
          ]
        : [],
    ),
  ];
  if (plan.move !== null) {
    const { migration, from, to } = plan.move;
    events.push(
      look(stopNs, 'suspend'),
      look(referenceNs, 'start'),
      ...plan.hosts.map(
        (host): HistoryEvent => ({ ...stamp(stopNs, host.name), kind: 'clock-read', why: 'stop', uncertaintyNs: 0n }),
      ),
      { ...stamp(stopNs, from), kind: 'guest-suspended', domain: GUEST },
      { ...stamp(stopNs + S, from), kind: 'domain-destroyed', domain: GUEST, why: 'migrated' },
      {
        ...stamp(stopNs + S, from),
        kind: 'memory-digest',
        migration,
        side: 'source',
        sha256: 'aa'.repeat(32),
        pages: 1,
      },
      { ...stamp(stopNs + S, to), kind: 'memory-digest', migration, side: 'target', sha256: 'aa'.repeat(32), pages: 1 },
      { ...stamp(referenceNs, to), kind: 'guest-started', domain: GUEST, how: 'restored' },
    );
  }
  return events
    .map((event, index) => ({ event, index }))
    .sort((x, y) => (x.event.at < y.event.at ? -1 : x.event.at > y.event.at ? 1 : x.index - y.index))
    .map(({ event }) => event);
}

/** A clock that shows `value` from `fromNs` on for `forNs`, and is right otherwise. */
export function standing(
  atNs: bigint,
  { fromNs, forNs }: { fromNs: bigint; forNs: bigint },
  value: bigint,
  healthy: bigint,
): bigint {
  return atNs >= fromNs && atNs <= fromNs + forNs ? value : healthy;
}
