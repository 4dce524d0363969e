/**
 * Scenarios that would prove nothing: a skew so near to the tolerance that its freeze could not be told from noise, or a
 * real-time run that nobody would wait for (design section 8). Zero skew is a control and always allowed.
 * The trap is old: a test which waited 3 s and allowed 5 s never failed (facts/policies.md).
 */
import { absOf, formatDuration } from '@skewbed/model/time/nanos.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import type { DurationNs } from '@skewbed/proto/units.ts';
import { deviationOf } from './scale.ts';
import { expectsFreeze, type Scenario } from './scenario.ts';

/** A skew below this many tolerances is refused. */
export const SKEW_TOLERANCES = 3n;

export type Strictness = { readonly toleranceNs: DurationNs; readonly realTime: 'real' | 'virtual' };

/** Throws 'skew-too-small' for the first skew, settime or expected freeze that this testbed could not see. */
export function refuseSmallSkews(scenario: Scenario, { toleranceNs, realTime }: Strictness): void {
  if (realTime === 'virtual' && !expectsFreeze(scenario)) return;
  const leastNs = SKEW_TOLERANCES * toleranceNs;
  const check = (what: string, ns: DurationNs, remedy: string): void => {
    if (ns === 0n || absOf(ns) >= leastNs) return;
    throw new SkewbedError(
      'skew-too-small',
      `${scenario.scenario}: ${what} is ${formatDuration(ns)}, below three times the tolerance of ${formatDuration(toleranceNs)}; ${remedy}`,
    );
  };
  for (const host of scenario.hosts) {
    const remedy = `make it at least ${formatDuration(leastNs)} or exactly zero, or choose a scale nearer to 1`;
    check(`the wall skew of host ${host.name}`, deviationOf(scenario, host, 'wallNs'), remedy);
    check(`the uptime skew of host ${host.name}`, deviationOf(scenario, host, 'uptimeNs'), remedy);
  }
  scenario.events.forEach((event) => {
    if (event.settime.kind === 'by')
      check(`the settime of host ${event.host}`, event.settime.byNs, `make it at least ${formatDuration(leastNs)}`);
  });
  check(
    'the freeze that it expects',
    scenario.expect?.lateNs ?? 0n,
    'choose a scale nearer to 1, or a scenario whose two skews are alike in size',
  );
}

/** Throws 'run-too-long' when a run in real time would take longer than the limit. */
export function refuseLongRuns(scenario: Scenario, takesNs: DurationNs, limitNs: DurationNs): void {
  if (takesNs <= limitNs) return;
  throw new SkewbedError(
    'run-too-long',
    `${scenario.scenario} would take ${formatDuration(takesNs)} of real time, and the limit is ${formatDuration(limitNs)}; add --scale auto, or raise --limit`,
  );
}
