/**
 * The verdict of a run in one sentence that a person understands, without knowing Skewbed's words.
 * It says what the probes saw, and repeats the evidence; it draws no conclusion of its own.
 */
import { longText, secondsText } from '@skewbed/dashboard/duration-text.ts';
import type { ReportedResult } from './reported-result.ts';

export type Tone = 'good' | 'bad' | 'doubtful';

/** Seconds of a result as the texts of durations want them. */
export function nanosOf(seconds: number): bigint {
  return BigInt(Math.round(seconds * 1e6)) * 1000n;
}

/** What happened to the guest. */
export function verdictSentence(result: ReportedResult): string {
  const said = saidOf(result);
  switch (result.fault) {
    case 'confirmed':
      return said;
    case 'mismatch':
      return `This run proves nothing: a clock was not where the scenario wanted it. What was seen: ${lowerFirst(said)}`;
    default:
      return `This run proves nothing: it could not be confirmed that the clocks were where the scenario wanted them. What was seen: ${lowerFirst(said)}`;
  }
}

/** How the sentence is coloured. A run whose fault is not confirmed is never good or bad. */
export function toneOf(result: ReportedResult): Tone {
  if (result.fault !== 'confirmed' || result.verdict === 'unknown') return 'doubtful';
  return result.verdict === 'healthy' ? 'good' : 'bad';
}

/** Which variable stands in the way of which clock; empty without evidence. */
export function causeSentence(result: ReportedResult): string {
  const [first] = result.evidence;
  if (first === undefined) return '';
  const freed =
    first.freedAfter === null
      ? 'It did not get there within this run.'
      : `It got there after ${longText(nanosOf(first.freedAfter))}.`;
  return `${first.variable} holds ${first.holds} and waits for the ${first.waitsOn} to get there. ${freed}`;
}

const ALSO: Readonly<Record<string, string>> = {
  'wallclock-wrong': 'its date is wrong, though it runs',
  'early-timers': 'a timer came back early',
  leap: 'a clock leapt forward',
};

function saidOf(result: ReportedResult): string {
  switch (result.verdict) {
    case 'frozen':
      return `The guest froze: ${frozenSymptom(result)}.`;
    case 'healthy':
      return `The guest is healthy: a sleep of one second took one second, and its date never stood still${alsoOf(result)}.`;
    case 'late-timers':
      return `Timers are late, though no clock stands still: ${lateSymptom(result)}.`;
    case 'monotonic-violation':
      return 'CLOCK_MONOTONIC ran backwards inside the guest, which programs rely on never to happen.';
    case 'split-brain':
      return 'Two copies of the guest ran at the same time.';
    case 'lost':
      return 'The guest was lost: no copy of it runs.';
    case 'memory-mismatch':
      return 'The memory on the target is not what the source had when the guest stopped.';
    case 'unknown':
      return 'There is no verdict: a probe inside the guest is missing.';
    default:
      return `The verdict is ${result.verdict}.`;
  }
}

function frozenSymptom({ probes }: ReportedResult): string {
  const { newSleep, oldSleep, date } = probes;
  if (newSleep?.late === null) return 'a sleep of one second that began after the guest ran again never came back';
  if (newSleep !== undefined && newSleep.late > 0) {
    return `a sleep of one second that began when the guest ran again came back ${longText(nanosOf(newSleep.late))} late`;
  }
  if (oldSleep?.late === null) return 'a sleep that began before the stop never came back';
  if (oldSleep !== undefined && oldSleep.late > 0) {
    return `a sleep that began before the stop came back ${longText(nanosOf(oldSleep.late))} late`;
  }
  if (date?.stuckFor != null && date.stuckFor > 0) {
    return `its date stood still for ${longText(nanosOf(date.stuckFor))}`;
  }
  return date?.stuckFor === null ? 'its date stood still to the end of the run' : 'one of its sleepers is stuck';
}

function lateSymptom(result: ReportedResult): string {
  const late = Math.max(result.probes.newSleep?.late ?? 0, result.probes.oldSleep?.late ?? 0);
  return late > 0 ? `a sleep came back ${secondsText(nanosOf(late))} late` : 'a sleep came back after its time';
}

function alsoOf(result: ReportedResult): string {
  const notes = result.also.map((name) => ALSO[name] ?? name);
  return notes.length === 0 ? '' : `; but ${notes.join(', and ')}`;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
