/**
 * CLOCK_MONOTONIC never goes back, over any moves and settimes, in the kernels of which that is true (facts K.7.2). K1
 * breaks it when a settime ends an M1 freeze. K0 and K2 may lose at a resume what they have not accounted as ticks yet: less
 * than two, once a leap of the uptime has put their ticks out of phase with Xen's timer.
 */
import type { KernelName } from '@skewbed/model/xen/host-event.ts';
import type { Checker, RunRecord, Violation } from './checker.ts';

const TICK_NS = 10_000_000n;

/** By how much each kernel's clock may go back; null is any amount. */
const ALLOWED_NS: Readonly<Record<KernelName, bigint | null>> = {
  'xenlinux-2.6.18-2007': 2n * TICK_NS,
  'xenlinux-2.6.18': null,
  'suse-2.6.25': 2n * TICK_NS,
  'suse-2.6.31': 0n,
  'pvops-2.6.27': 0n,
  'pvops-2.6.35': 0n,
  'pvops-6.12': 0n,
};

export const monotonic: Checker = {
  name: 'monotonic',
  text: 'CLOCK_MONOTONIC never goes back, in every kernel but K1 (K.7.2)',
  check: (record) => record.schedule.guests.flatMap((guest) => checkGuest(record, guest)),
};

function checkGuest(
  { events }: RunRecord,
  { name, kernel, patches }: RunRecord['schedule']['guests'][number],
): Violation[] {
  const allowed = ALLOWED_NS[kernel];
  // A patch may be wrong: whether it is, the matrix says.
  if (allowed === null || patches.length > 0) return [];
  let last: bigint | null = null;
  for (const event of events) {
    // A suspended guest runs no program that could read a clock.
    if (event.kind !== 'probe' || event.domain !== name || event.reading.vcpu === 'offline') continue;
    const { monotonicNs } = event.reading;
    if (last !== null && last - monotonicNs > allowed) {
      const what = `${name} (${kernel}) reads CLOCK_MONOTONIC ${last - monotonicNs} ns before what it read last`;
      return [{ checker: 'monotonic', atNs: event.at, what }];
    }
    last = monotonicNs;
  }
  return [];
}
