/**
 * The scale at which a case that Skewbed brings is run in real time: the smallest of its skews becomes two seconds, long
 * enough to be seen beyond doubt. `--scale auto` shortens the longest instead, which makes nothing of the ten minutes of
 * a case whose uptimes lie days apart. Such a case could last for hours; a run ends when everything has come back, though.
 */
import { absOf, readDuration } from '@skewbed/model/time/nanos.ts';
import { type DurationNs, NS_PER_S } from '@skewbed/proto/units.ts';
import { deviationOf } from './scenarios/scale.ts';
import type { Scenario } from './scenarios/scenario.ts';

const SMALLEST_NS: DurationNs = 2n * NS_PER_S;
/** For a case without a skew: its sleep of a minute becomes a second. */
const WITHOUT_SKEW = '1/60';

/** For planTrial: the scale, and a limit that only a real freeze of that length would reach. */
export function caseScale(scenario: Scenario): { readonly scale: string; readonly limitNs: DurationNs } {
  const skews = [
    ...scenario.hosts.flatMap((host) => [
      deviationOf(scenario, host, 'wallNs'),
      deviationOf(scenario, host, 'uptimeNs'),
    ]),
    ...scenario.events.map(({ settime }) => (settime.kind === 'by' ? settime.byNs : 0n)),
  ]
    .map(absOf)
    .filter((ns) => ns > SMALLEST_NS);
  const smallest = skews.reduce<DurationNs | null>((least, ns) => (least === null || ns < least ? ns : least), null);
  return {
    scale: smallest === null ? WITHOUT_SKEW : `1/${smallest / SMALLEST_NS}`,
    limitNs: readDuration('3h'),
  };
}
