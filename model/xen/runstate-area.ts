/**
 * struct vcpu_runstate_info (48 bytes) as it lies in the guest page which VCPUOP_register_runstate_memory_area named
 * (xen/include/public/vcpu.h). The page belongs to the guest, so it travels with the memory: after a migration the
 * source's last record stands there until the guest registers again, and that is the base of M3.
 * Left out: the "update in progress" bit on state_entry_time (2529c850ea, 2016), which guests have to opt into.
 */
import { type SystemTimeNs, systemTimeNs } from '@skewbed/proto/units.ts';
import { viewOf } from './vcpu-info.ts';

/** Offsets inside the area. */
export const RUNSTATE_AREA = { state: 0, stateEntryTime: 8, time: 16 } as const;
export const RUNSTATE_AREA_BYTES = 48;

/** The states by number, in Xen's order. */
export const RUNSTATES = ['running', 'runnable', 'blocked', 'offline'] as const;
export type Runstate = (typeof RUNSTATES)[number];

export type RunstateRecord = {
  readonly state: Runstate;
  /** System time of the host on which the state was entered. */
  readonly stateEntryTimeNs: SystemTimeNs;
  /** Nanoseconds spent in each state, in the order of RUNSTATES, without the stretch that began at stateEntryTimeNs. */
  readonly timeNs: readonly [bigint, bigint, bigint, bigint];
};

/** Reads the area at `offset`. A state beyond the four reads as offline: the bytes are the guest's own, whatever they are. */
export function readRunstate(bytes: Uint8Array, offset: number): RunstateRecord {
  const view = viewOf(bytes);
  const time = (state: number): bigint => view.getBigUint64(offset + RUNSTATE_AREA.time + 8 * state, true);
  return {
    state: RUNSTATES[view.getInt32(offset + RUNSTATE_AREA.state, true)] ?? 'offline',
    stateEntryTimeNs: systemTimeNs(view.getBigUint64(offset + RUNSTATE_AREA.stateEntryTime, true)),
    timeNs: [time(0), time(1), time(2), time(3)],
  };
}

/** Writes the area at `offset`, as Xen does when it switches the vCPU in. */
export function writeRunstate(bytes: Uint8Array, offset: number, record: RunstateRecord): void {
  const view = viewOf(bytes);
  view.setInt32(offset + RUNSTATE_AREA.state, RUNSTATES.indexOf(record.state), true);
  view.setBigUint64(offset + RUNSTATE_AREA.stateEntryTime, record.stateEntryTimeNs, true);
  record.timeNs.forEach((ns, state) => {
    view.setBigUint64(offset + RUNSTATE_AREA.time + 8 * state, ns, true);
  });
}
