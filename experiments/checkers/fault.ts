/**
 * Was every clock really where the scenario wanted it? The first half of a verdict: a run whose fault did nothing proves
 * nothing (facts/policies.md: a tool that injected no skew and exited with 0).
 * The proof is what every host's clocks read at the stop and run instants, when the guest really stopped and ran, and
 * what each settime really did. Missing proof is 'inconclusive', proof of the contrary a 'mismatch'.
 */
import { absOf, formatDuration } from '@skewbed/model/time/nanos.ts';
import type { HostConfig } from '@skewbed/model/xen/host-event.ts';
import type { EventOf, HistoryEvent } from '@skewbed/proto/history.ts';
import { type DurationNs, NS_PER_S, NS_PER_US } from '@skewbed/proto/units.ts';
import type { Plan } from '../plan.ts';
import { clocksOf } from '../plan-hosts.ts';

export type Fault = 'confirmed' | 'mismatch' | 'inconclusive';
export type FaultFinding = { readonly fault: Fault; readonly reasons: readonly string[] };

/** A service whose event loop stood longer than this may have done anything in between. */
export const LOOP_DELAY_MAX_NS: DurationNs = NS_PER_S;
/** What rounding may add to a reading that is exact otherwise. */
const READING_GRAIN_NS = NS_PER_US;
/** Errors by which a policy says no: the guest goes on where it was, and that is the result. */
const POLICY_CODES: ReadonlySet<string> = new Set(['refused', 'domctl-clash']);

/** Proves the fault from a history. */
export function faultOf(plan: Plan, events: readonly HistoryEvent[]): FaultFinding {
  const mismatches: string[] = [];
  const doubts: string[] = [];
  for (const host of plan.hosts) checkClocks(plan, host, events, { mismatches, doubts });
  checkInstants(plan, events, doubts);
  checkSettimes(plan, events, mismatches);
  for (const event of events) {
    if (event.kind === 'loop-delay' && event.maxNs > LOOP_DELAY_MAX_NS)
      doubts.push(`${event.host ?? 'a service'} stood still for ${formatDuration(event.maxNs)}`);
    if (event.kind === 'failure' && !POLICY_CODES.has(event.code)) doubts.push(event.message);
  }
  if (mismatches.length > 0) return { fault: 'mismatch', reasons: mismatches };
  return doubts.length > 0 ? { fault: 'inconclusive', reasons: doubts } : { fault: 'confirmed', reasons: [] };
}

/** Whether a policy refused the move, so that the guest stayed where it was. */
export const refusedByPolicy = (events: readonly HistoryEvent[]): boolean =>
  events.some((event) => event.kind === 'failure' && POLICY_CODES.has(event.code));

/** The wall and uptime that the plan wants at an instant, with every settime up to it. */
export function wantedClocks(
  plan: Plan,
  host: HostConfig,
  atNs: DurationNs,
): { readonly wallNs: bigint; readonly uptimeNs: bigint } {
  const { wallNs, uptimeNs } = clocksOf(host, atNs);
  let steppedNs = 0n;
  for (const { event, target, atNs: setAtNs } of plan.actions) {
    if (event.type !== 'settime' || target.to !== 'host' || target.host !== host.name || setAtNs > atNs) continue;
    steppedNs =
      event.to.kind === 'relative' ? steppedNs + event.to.byNs : event.to.wallNs - clocksOf(host, setAtNs).wallNs;
  }
  return { wallNs: wallNs + steppedNs, uptimeNs };
}

function checkClocks(
  plan: Plan,
  host: HostConfig,
  events: readonly HistoryEvent[],
  { mismatches, doubts }: { mismatches: string[]; doubts: string[] },
): void {
  for (const why of plan.move === null ? ['run'] : ['stop', 'run']) {
    const reading = events.find(
      (event): event is EventOf<'clock-read'> =>
        event.kind === 'clock-read' && event.host === host.name && event.why === why,
    );
    if (reading?.wallNs === undefined || reading.uptimeNs === undefined) {
      doubts.push(`nobody read the clocks of ${host.name} at the ${why}`);
      continue;
    }
    const wanted = wantedClocks(plan, host, reading.at);
    const allowedNs = READING_GRAIN_NS + reading.uncertaintyNs;
    for (const clock of ['wallNs', 'uptimeNs'] as const) {
      const offNs = (clock === 'wallNs' ? reading.wallNs : reading.uptimeNs) - wanted[clock];
      if (absOf(offNs) > allowedNs)
        mismatches.push(
          `the ${clock === 'wallNs' ? 'wall' : 'uptime'} of ${host.name} is ${formatDuration(offNs)} from where the scenario wants it at the ${why}`,
        );
    }
  }
}

function checkInstants(plan: Plan, events: readonly HistoryEvent[], doubts: string[]): void {
  const { move } = plan;
  if (move === null || refusedByPolicy(events)) return;
  const stopped = events.find((event) => event.kind === 'guest-suspended');
  const ran = events.find((event) => event.kind === 'guest-started' && event.how === 'restored');
  const check = (what: string, atNs: bigint | undefined, wantedNs: DurationNs): void => {
    if (atNs === undefined) doubts.push(`the guest was never seen to ${what}`);
    else if (absOf(atNs - wantedNs) > plan.tickNs)
      doubts.push(`the guest was to ${what} at ${formatDuration(wantedNs)} and did at ${formatDuration(atNs)}`);
  };
  check('stop', stopped?.at, move.suspendAtNs);
  check('run again', ran?.at, move.runAtNs);
}

/** A settime that did not happen, or not by as much, is a fault that did nothing. */
function checkSettimes(plan: Plan, events: readonly HistoryEvent[], mismatches: string[]): void {
  const done = events.filter((event): event is EventOf<'settime'> => event.kind === 'settime' && event.by === 'date');
  const ended = events.at(-1)?.at ?? 0n;
  for (const { event, target, atNs } of plan.actions) {
    if (event.type !== 'settime' || target.to !== 'host' || atNs > ended) continue;
    const match = done.find((each) => each.host === target.host && absOf(each.at - atNs) <= plan.tickNs);
    if (match === undefined) mismatches.push(`nobody set the clock of ${target.host} at ${formatDuration(atNs)}`);
    else if (event.to.kind === 'relative' && absOf(match.steppedNs - event.to.byNs) > READING_GRAIN_NS) {
      mismatches.push(
        `the clock of ${target.host} was stepped by ${formatDuration(match.steppedNs)}, not by ${formatDuration(event.to.byNs)}`,
      );
    }
  }
}
