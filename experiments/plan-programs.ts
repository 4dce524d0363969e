/**
 * What the guest is told to do and when: the built-in probes of every scenario (sleep(1) after the reference instant, a
 * sleep that has 60 s left at the stop, readings before and after, an echo, a cpu loop), the scenario's own sleepers, and
 * what is done to the hosts' clocks. Everything is started from outside the guest, because a frozen one could not.
 */
import { maxOf } from '@skewbed/model/time/nanos.ts';
import type { GuestCall, HostConfig, HostEvent } from '@skewbed/model/xen/host-event.ts';
import { type DurationNs, hostWallNs } from '@skewbed/proto/units.ts';
import type { PlannedAction, Program, Target } from './plan.ts';
import { NEW_SLEEP_NS, OLD_SLEEP_LEFT_NS, type Scale, scaledNs } from './scenarios/scale.ts';
import type { Scenario, ScenarioEvent, ScenarioSleep } from './scenarios/scenario.ts';

/** The name of the one guest of a scenario. */
export const GUEST = 'guest';

export type Instants = {
  /** The stop, or the reference instant when nothing moves. */
  readonly stopNs: DurationNs;
  readonly referenceNs: DurationNs;
  readonly warmUpNs: DurationNs;
  readonly tickNs: DurationNs;
};

/** Every program that waits for a time, in the order of the scenario, the built-in ones first. */
export function planPrograms(
  scenario: Scenario,
  { stopNs, referenceNs, tickNs }: Instants,
  scale: Scale,
): readonly Program[] {
  const halfTickNs = tickNs / 2n;
  const wait = (
    timer: string,
    role: Program['role'],
    kind: Program['kind'],
    { lengthNs, armed }: ScenarioSleep,
  ): Program => {
    const before = armed.side === 'before-stop';
    const armAtNs = before ? stopNs - armed.ns - halfTickNs : referenceNs + armed.ns + halfTickNs;
    const dueNs = before ? referenceNs + lengthNs - (stopNs - armAtNs) : armAtNs + lengthNs;
    return { timer, role, kind, lengthNs, side: armed.side, armedNs: armed.ns, armAtNs, dueNs };
  };
  const oldArmAtNs = 10n * tickNs + halfTickNs;
  const leftNs = scaledNs(OLD_SLEEP_LEFT_NS, scale);
  const oldSleep: Program = {
    timer: 'old-sleep',
    role: 'old-sleep',
    kind: 'nanosleep',
    lengthNs: leftNs + stopNs - oldArmAtNs,
    side: 'before-stop',
    armedNs: stopNs - oldArmAtNs,
    armAtNs: oldArmAtNs,
    dueNs: referenceNs + leftNs,
  };
  const newSleep = wait('new-sleep', 'new-sleep', 'nanosleep', {
    lengthNs: maxOf(1n, scaledNs(NEW_SLEEP_NS, scale)),
    armed: { side: 'after-reference', ns: 0n },
  });
  return [
    oldSleep,
    newSleep,
    ...scenario.sleeps.map((sleep, index) => wait(`sleep-${index + 1}`, 'sleep', 'nanosleep', sleep)),
    ...scenario.timers.map((timer, index) => wait(`timer-${index + 1}`, 'timer', timer.kind, timer)),
  ];
}

/** Everything that happens at an instant of the plan, in order. */
export function planActions(
  scenario: Scenario,
  {
    programs,
    hosts,
    stopNs,
    referenceNs,
    warmUpNs,
    tickNs,
    horizonNs,
  }: Instants & { programs: readonly Program[]; hosts: readonly HostConfig[]; horizonNs: DurationNs },
): readonly PlannedAction[] {
  const guest: Target = { to: 'guest' };
  const observe = (atNs: DurationNs): PlannedAction => ({
    atNs,
    target: guest,
    event: { type: 'observe', domain: GUEST },
  });
  const call = (atNs: DurationNs, what: GuestCall): PlannedAction => ({
    atNs,
    target: guest,
    event: { type: 'call-guest', domain: GUEST, call: what },
  });
  const startNs = scenario.move.kind === 'none' ? warmUpNs : referenceNs;
  // A clock that was never published again may stay wrong until the end, so the last look is at the horizon.
  const actions: PlannedAction[] = [
    observe(stopNs - 2n),
    ...programs.map(({ armAtNs, kind, timer, lengthNs }) => call(armAtNs, { call: kind, timer, lengthNs })),
    ...scenario.events.map((event) => settimeAction(event, { startNs, hosts })),
    observe(referenceNs + tickNs),
    call(referenceNs + (7n * tickNs) / 2n, { call: 'echo' }),
    call(referenceNs + (7n * tickNs) / 2n, { call: 'cpu-loop' }),
    ...hosts.map(
      (host): PlannedAction => ({
        atNs: referenceNs + 5n * tickNs,
        target: { to: 'host', host: host.name },
        event: { type: 'audit' },
      }),
    ),
    observe(horizonNs),
  ];
  return actions.sort((a, b) => (a.atNs < b.atNs ? -1 : a.atNs > b.atNs ? 1 : 0));
}

/** One nanosecond early, so that the guest tick at the instant itself sees the new time. */
function settimeAction(
  event: ScenarioEvent,
  { startNs, hosts }: { startNs: DurationNs; hosts: readonly HostConfig[] },
): PlannedAction {
  const atNs = startNs + event.atNs - 1n;
  const to: Extract<HostEvent, { type: 'settime' }>['to'] =
    event.settime.kind === 'exact'
      ? { kind: 'absolute', wallNs: hostWallNs(hosts[0]!.utcAtZeroNs + atNs) }
      : { kind: 'relative', byNs: event.settime.byNs };
  return { atNs, target: { to: 'host', host: event.host }, event: { type: 'settime', to, by: 'date' } };
}
