/**
 * The probes: what programs in the guest see, read as they would see it and without disturbing it. A read of a guarded
 * clock moves the guard, and when nobody reads, M1's length depends on that (the scenario's `reader: off`); so a probe
 * puts every variable back that its reads moved. Which probe belongs to which row: facts K.6.
 */
import type { HeldVariable, ProbeReading } from '@skewbed/proto/history.ts';
import { minOf } from '../time/nanos.ts';
import type { GuestTime } from './kernel.ts';

export type Observation = { readonly reading: ProbeReading; readonly held: readonly HeldVariable[] };

/** Largest ktime_t: what ktime_set saturates at (include/linux/ktime.h). A clock beyond it can be reached by M4 alone. */
export const KTIME_MAX_NS = (1n << 63n) - 1n;
export const ktime = (ns: bigint): bigint => minOf(ns, KTIME_MAX_NS);

/** Reads all clocks of a guest at this instant. */
export function observe(
  g: GuestTime,
  seen: { readonly vcpu: ProbeReading['vcpu']; readonly timerInterrupts: bigint },
): Observation {
  const before = { ...g.state };
  const reading: ProbeReading = {
    dateNs: ktime(g.ops.gettimeofday(g)),
    monotonicNs: ktime(g.ops.ktimeGet(g)),
    jiffies: g.state.jiffies,
    schedClockNs: g.ops.schedClock(g),
    vcpu: seen.vcpu,
    timerInterrupts: seen.timerInterrupts,
  };
  const held = g.ops.held(g).filter((h) => h.holdsNs > h.clockNs);
  Object.assign(g.state, before);
  return { reading, held };
}
