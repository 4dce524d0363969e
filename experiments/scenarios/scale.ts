/**
 * Scaling a scenario to seconds, for testbeds that run in real time. Divided is what would take long: how far each clock
 * jumps as the guest sees it (unless it jumps by the downtime, which is no skew), sleeps, event times, the sizes of
 * settimes, ntp's period. Downtime and hz stay: they are what the guest is made of.
 * So T1's wall jump of -570 s becomes -570 s / N while its uptime keeps going on by the downtime, and a freeze of D is
 * one of D / N. Fractions of a nanosecond are dropped.
 */
import { absOf, maxOf, readDuration } from '@skewbed/model/time/nanos.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { type DurationNs, NS_PER_S } from '@skewbed/proto/units.ts';
import { type Armed, firstHost, type Scenario, type ScenarioHost, type ScenarioSleep } from './scenario.ts';

/** What the lengths are multiplied by: at most 1. */
export type Scale = { readonly numerator: bigint; readonly denominator: bigint };

export const FULL_SCALE: Scale = { numerator: 1n, denominator: 1n };
/** `--scale auto` makes the longest length of the scenario this long. */
export const AUTO_LONGEST_NS: DurationNs = 5n * NS_PER_S;

/** The sleeps that every scenario has beside its own (design section 8): sleep(1) after, 60 s left before. */
export const NEW_SLEEP_NS: DurationNs = NS_PER_S;
export const OLD_SLEEP_LEFT_NS: DurationNs = 60n * NS_PER_S;

/** Reads `--scale`: auto, 1, or 1/N. */
export function readScale(text: string, scenario: Scenario): Scale {
  if (text === 'auto') return autoScale(scenario);
  const match = /^([1-9]\d{0,11})(?:\/([1-9]\d{0,11}))?$/.exec(text);
  const scale = match === null ? undefined : { numerator: BigInt(match[1]!), denominator: BigInt(match[2] ?? '1') };
  if (scale === undefined || scale.numerator > scale.denominator) {
    throw new SkewbedError(
      'bad-argument',
      `the scale is '${text}'; write auto, 1, or a fraction such as 1/1000`,
      '--scale',
    );
  }
  return scale;
}

/** A length after scaling. */
export const scaledNs = (ns: DurationNs, scale: Scale): DurationNs => (ns * scale.numerator) / scale.denominator;

/** The scale as the figure of results: 1, or 0.00001. */
export const scaleFigure = (scale: Scale): number => Number(scale.numerator) / Number(scale.denominator);

/** How far a host's clock jumps for the guest, from the host that it stops on to this one. */
export function jumpOf(scenario: Scenario, host: ScenarioHost, clock: 'wallNs' | 'uptimeNs'): DurationNs {
  return host[clock] - firstHost(scenario)[clock];
}

/** How far a host's clock departs from agreement with the first host's: its jump minus the downtime. */
export function deviationOf(scenario: Scenario, host: ScenarioHost, clock: 'wallNs' | 'uptimeNs'): DurationNs {
  return scenario.move.kind === 'none' || host === firstHost(scenario)
    ? 0n
    : jumpOf(scenario, host, clock) - scenario.move.downtimeNs;
}

/** The same scenario with everything long multiplied by the scale. */
export function scaleScenario(scenario: Scenario, scale: Scale): Scenario {
  if (scale.numerator === scale.denominator) return scenario;
  const shorter = (ns: DurationNs) => scaledNs(ns, scale);
  const armed = (each: Armed): Armed => ({ ...each, ns: shorter(each.ns) });
  const sleep = <S extends ScenarioSleep>(each: S): S => ({
    ...each,
    lengthNs: maxOf(1n, shorter(each.lengthNs)),
    armed: armed(each.armed),
  });
  const clock = (host: ScenarioHost, name: 'wallNs' | 'uptimeNs'): bigint =>
    deviationOf(scenario, host, name) === 0n
      ? host[name]
      : firstHost(scenario)[name] + shorter(jumpOf(scenario, host, name));
  return {
    ...scenario,
    hosts: scenario.hosts.map((host) => ({
      ...host,
      wallNs: clock(host, 'wallNs'),
      uptimeNs: clock(host, 'uptimeNs'),
      ntpNs: host.ntpNs === null ? null : maxOf(1n, shorter(host.ntpNs)),
    })),
    events: scenario.events.map((event) => ({
      ...event,
      atNs: shorter(event.atNs),
      settime: event.settime.kind === 'exact' ? event.settime : { kind: 'by', byNs: shorter(event.settime.byNs) },
    })),
    sleeps: scenario.sleeps.map(sleep),
    timers: scenario.timers.map(sleep),
    expect:
      scenario.expect === null || scenario.expect.lateNs === null
        ? scenario.expect
        : { ...scenario.expect, lateNs: shorter(scenario.expect.lateNs) },
  };
}

/** Every length that takes real time and that scaling divides. */
export function scaledLengths(scenario: Scenario): readonly DurationNs[] {
  const jumps = scenario.hosts.flatMap((host) =>
    (['wallNs', 'uptimeNs'] as const)
      .filter((clock) => deviationOf(scenario, host, clock) !== 0n)
      .map((clock) => absOf(jumpOf(scenario, host, clock))),
  );
  const sleeps = [...scenario.sleeps, ...scenario.timers].flatMap((sleep) => [sleep.lengthNs, sleep.armed.ns]);
  const events = scenario.events.flatMap((event) => [
    event.atNs,
    event.settime.kind === 'by' ? absOf(event.settime.byNs) : 0n,
  ]);
  return [NEW_SLEEP_NS, OLD_SLEEP_LEFT_NS, ...jumps, ...sleeps, ...events];
}

function autoScale(scenario: Scenario): Scale {
  const longest = scaledLengths(scenario).reduce(maxOf, 0n);
  return longest <= AUTO_LONGEST_NS ? FULL_SCALE : { numerator: AUTO_LONGEST_NS, denominator: longest };
}

/** The smallest tolerance that a testbed can promise: one guest tick where time is virtual, else this. */
export const REAL_TOLERANCE_NS: DurationNs = readDuration('100ms');
