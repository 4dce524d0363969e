/**
 * Everything that is done to the clocks of one host, in order of its instants: the faults of the schedule, and the reset
 * before the quiet period. Each step knows what the clocks have to read right after it: that is what the history is held
 * against, when a fault is read back.
 */
import { formatSkew, NO_SKEW } from '@skewbed/model/time/skew.ts';
import { HostClocks } from '@skewbed/model/xen/host-clocks.ts';
import type { HostConfig } from '@skewbed/model/xen/host-event.ts';
import { hostWallNs, trueNs } from '@skewbed/proto/units.ts';
import { nsOfMs } from './duration.ts';
import type { ClockStep } from './faults/fault.ts';
import { kindOf } from './faults/index.ts';
import { UTC_AT_ORIGIN_NS } from './instants.ts';
import { quietFromMs, type Schedule } from './schedule.ts';

export type PlannedStep = ClockStep & {
  /** The fault's number in the schedule; null for the reset. */
  readonly fault: number | null;
};

/** The steps of one host. Instants are after the origin of the run; at one instant in the order of the schedule. */
export function clockPlan(schedule: Schedule, host: string): readonly PlannedStep[] {
  const steps: PlannedStep[] = [];
  for (const [number, fault] of schedule.faults.entries()) {
    const kind = kindOf(fault);
    if (kind.about !== 'clock' || !('host' in fault) || fault.host !== host) continue;
    for (const each of kind.steps(fault)) steps.push({ ...each, fault: number });
  }
  const atMs = quietFromMs(schedule);
  const reset = (event: PlannedStep['event']): void => void steps.push({ atMs, event, fault: null });
  reset({ type: 'set-skew', clock: 'wall', skew: formatSkew(NO_SKEW) });
  reset({ type: 'set-skew', clock: 'uptime', skew: formatSkew(NO_SKEW) });
  reset({ type: 'set-ntp', periodNs: null });
  const utc = { kind: 'absolute', wallNs: hostWallNs(UTC_AT_ORIGIN_NS + nsOfMs(atMs)) } as const;
  reset({ type: 'settime', by: 'date', to: utc });
  return steps.sort((a, b) => a.atMs - b.atMs);
}

export type Expected = PlannedStep & { readonly wallNs: bigint; readonly uptimeNs: bigint };

/** What the clocks of a host read right after each step, if all of them are done. */
export function expectedReadings(config: HostConfig, steps: readonly PlannedStep[]): readonly Expected[] {
  const clocks = new HostClocks(config);
  return steps.map((planned) => {
    const at = trueNs(config.origin + nsOfMs(planned.atMs));
    const { event } = planned;
    if (event.type === 'set-skew') clocks.setSkew(at, event);
    if (event.type === 'settime')
      clocks.setWall(at, event.to.kind === 'absolute' ? event.to.wallNs : clocks.wallAt(at) + event.to.byNs);
    return { ...planned, wallNs: clocks.wallAt(at), uptimeNs: clocks.uptimeAt(at) };
  });
}
