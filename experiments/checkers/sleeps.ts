/**
 * When each waiting program came back, against when it should have. A program that was armed before the stop should come
 * back when what was left of its time has passed since the guest runs again; one that was armed later, a length after
 * its arming. All of it in true time: the guest's own clocks are the suspects.
 */
import type { EventOf, HistoryEvent } from '@skewbed/proto/history.ts';
import type { DurationNs } from '@skewbed/proto/units.ts';
import type { Plan, Program } from '../plan.ts';
import type { Length } from './sight.ts';

export type Waited = {
  readonly program: Program;
  readonly late: Length;
  readonly earlyNs: DurationNs;
  /** From the arming, or from the reference instant when it was armed before the stop. */
  readonly returnedAfter: Length;
};

/** What became of each program of the plan; null for one that was never seen to start. */
export function waitsOf(plan: Plan, events: readonly HistoryEvent[]): readonly (Waited | null)[] {
  const armed = new Map<string, EventOf<'timer-armed'>>();
  const returned = new Map<string, EventOf<'timer-returned'>>();
  for (const event of events) {
    if (event.kind === 'timer-armed' && !armed.has(event.timer)) armed.set(event.timer, event);
    if (event.kind === 'timer-returned' && !returned.has(event.timer)) returned.set(event.timer, event);
  }
  const stopped = events.some((event) => event.kind === 'guest-suspended' && event.at >= plan.warmUpNs);
  return plan.programs.map((program) => {
    const start = armed.get(program.timer);
    if (start === undefined) return null;
    const pausedNs =
      plan.move !== null && stopped && start.at <= plan.move.suspendAtNs
        ? plan.referenceNs - plan.move.suspendAtNs
        : 0n;
    const dueNs = start.at + program.lengthNs + pausedNs;
    const end = returned.get(program.timer);
    if (end === undefined) return { program, late: 'never', earlyNs: 0n, returnedAfter: 'never' };
    const offNs = end.at - dueNs;
    const sinceNs = program.side === 'before-stop' ? plan.referenceNs : start.at;
    return {
      program,
      late: offNs > 0n ? offNs : 0n,
      earlyNs: offNs < 0n ? -offNs : 0n,
      returnedAfter: end.at - sinceNs,
    };
  });
}

/** The one wait of this role. */
export function waitOf(waits: readonly (Waited | null)[], role: 'new-sleep' | 'old-sleep'): Waited | null {
  return waits.find((wait) => wait?.program.role === role) ?? null;
}
