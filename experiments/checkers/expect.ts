/**
 * Whether a run came out as its scenario expects, and what the process that ran it exits with (design section 8).
 * A scenario that is expected to hang passes when it hangs: that is the canary.
 */
import { absOf, formatDuration } from '@skewbed/model/time/nanos.ts';
import type { Plan } from '../plan.ts';
import type { VerdictWord } from '../scenarios/scenario.ts';
import type { Fault } from './fault.ts';
import type { Length } from './sight.ts';

export type Seen = {
  readonly fault: Fault;
  readonly verdict: VerdictWord;
  readonly mechanism: string;
  readonly late: Length | null;
};
export type Outcome = {
  readonly outcome: 'pass' | 'fail' | 'fault-not-confirmed';
  readonly problems: readonly string[];
};

/** Process exit codes: 0 pass, 1 fail, 2 fault not confirmed, 254 usage, 255 crash. */
export const EXIT = { pass: 0, fail: 1, 'fault-not-confirmed': 2, usage: 254, crash: 255 } as const;

/** Verdicts which mean that Skewbed itself, or its sight, is broken: nobody has to expect their absence. */
const ALWAYS_BAD: ReadonlySet<VerdictWord> = new Set(['split-brain', 'lost', 'memory-mismatch', 'unknown']);

/** Compares what was seen with what the scenario expects. */
export function outcomeOf(plan: Plan, { fault, verdict, mechanism, late }: Seen): Outcome {
  if (fault !== 'confirmed') return { outcome: 'fault-not-confirmed', problems: [`the fault is ${fault}`] };
  const { expect } = plan.scenario;
  const problems: string[] = [];
  if (expect === null || expect.verdict === null) {
    if (ALWAYS_BAD.has(verdict)) problems.push(`the verdict is ${verdict}`);
  } else if (expect.verdict !== verdict) {
    problems.push(`expected ${expect.verdict}, got ${verdict}`);
  }
  if (expect !== null && expect.mechanism !== null && expect.mechanism !== mechanism)
    problems.push(`expected mechanism ${expect.mechanism}, got ${mechanism}`);
  if (expect !== null && expect.lateNs !== null) {
    const within = late !== null && late !== 'never' && absOf(late - expect.lateNs) <= plan.toleranceNs;
    if (!within)
      problems.push(
        `expected sleep(1) to be late by ${formatDuration(expect.lateNs)}, got ${late === null ? 'no answer' : late === 'never' ? 'never' : formatDuration(late)}`,
      );
  }
  return { outcome: problems.length === 0 ? 'pass' : 'fail', problems };
}
