/**
 * How tests of the model read the history of a trial: the probes in it, a guest's date against its host's wall, and
 * figures that agree within guest ticks. Verdicts are none of this file's business.
 */
import type { EventOf, HistoryEvent, HistoryKind } from '@skewbed/proto/history.ts';
import { NS_PER_S, secondsOf } from '@skewbed/proto/units.ts';
import { type Outcome, TICK_NS } from './laboratory.ts';
import { absOf } from './time/nanos.ts';

/** Whole seconds as ns. */
export const s = (seconds: number): bigint => BigInt(seconds) * NS_PER_S;

export const eventsOf = <K extends HistoryKind>(history: readonly HistoryEvent[], kind: K): EventOf<K>[] =>
  history.filter((event): event is EventOf<K> => event.kind === kind);

export const probesOf = ({ history }: Outcome): EventOf<'probe'>[] => eventsOf(history, 'probe');

export function lastProbe(outcome: Outcome): EventOf<'probe'> {
  const last = probesOf(outcome).at(-1);
  if (last === undefined) throw new Error('the trial has no probes');
  return last;
}

/** Guest's date minus the wall of its host, at the first tick that long after the reference instant. */
export function aheadOfHost(outcome: Outcome, after = 0n): bigint {
  const probe = probesOf(outcome).find(
    (p) => p.at >= outcome.reference + after && p.why !== 'suspend' && p.why !== 'start',
  );
  if (probe === undefined) throw new Error(`the trial has no probe from ${after} ns after the reference on`);
  return probe.reading.dateNs - (probe.wallNs as bigint);
}

/** How late sleep(1) was; early counts as on time. */
export function newSleepLate(outcome: Outcome): bigint | null {
  const late = outcome.late('newSleep');
  return late !== null && late < 0n ? 0n : late;
}

/** Throws unless the figure agrees within one guest tick, or the ticks given. */
export function near(actual: bigint | null, expected: bigint, what: string, ticks = 1n): void {
  if (actual === null) throw new Error(`${what}: it never came; ${secondsOf(expected)} s were expected`);
  if (absOf(actual - expected) > ticks * TICK_NS)
    throw new Error(`${what}: ${secondsOf(actual)} s, where ${secondsOf(expected)} s were expected`);
}
