/**
 * Whether a run in real time may end before its horizon: every program has come back, nothing is planned any more, and
 * between two looks every clock of the guest has moved.
 */
import type { HistoryEvent, ProbeReading } from '@skewbed/proto/history.ts';
import type { DurationNs } from '@skewbed/proto/units.ts';
import type { Plan } from './plan.ts';

/** Two looks at a clock are this many guest ticks apart, or more. */
const APART_TICKS = 3n;

/** True when nothing more is to be learned from this run. */
export function settled(plan: Plan, events: readonly HistoryEvent[], nowNs: DurationNs): boolean {
  const planned = plan.actions.filter((action) => action.atNs < plan.horizonNs);
  if (planned.some((action) => action.atNs >= nowNs)) return false;
  const returned = new Set(events.flatMap((event) => (event.kind === 'timer-returned' ? [event.timer] : [])));
  if (plan.programs.some((program) => !returned.has(program.timer))) return false;
  const looks = events.filter((event) => event.kind === 'probe' && event.at > plan.referenceNs);
  const last = looks.at(-1);
  const before = looks.findLast((look) => last !== undefined && last.at - look.at >= APART_TICKS * plan.tickNs);
  if (last?.kind !== 'probe' || before?.kind !== 'probe') return false;
  // A guest without a tick while it is idle has done nothing between two looks; its last program has returned before.
  return CLOCKS.every((clock) => last.reading[clock] !== before.reading[clock]);
}

const CLOCKS = ['dateNs', 'monotonicNs', 'schedClockNs', 'jiffies'] as const satisfies readonly (keyof ProbeReading)[];
