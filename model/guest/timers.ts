/**
 * The timers that programs in a guest wait on: nanosleep, an absolute CLOCK_REALTIME timer, the two futex calls and
 * schedule_timeout. Which clock arms a timer and which clock expires it are different questions, and in XenLinux they
 * have different answers (facts B.1): arming reads ktimeGet/gettimeofday, expiry reads expiryNow.
 */
import type { GuestCall } from '../xen/host-event.ts';
import type { GuestTime, Kernel, TimerBase } from './kernel.ts';

export type ArmingCall = Extract<GuestCall, { timer: string }>;

export type GuestTimer = {
  readonly timer: string;
  readonly base: TimerBase;
  /** ns on the base's clock, or jiffies. */
  readonly expires: bigint;
  /** For absolute timers: the CLOCK_REALTIME that was asked for. */
  readonly target: bigint | null;
};

/** Arms what the call asks for, on the clocks that this kernel arms with. */
export function armTimer(kernel: Kernel, g: GuestTime, call: ArmingCall): GuestTimer {
  switch (call.call) {
    case 'nanosleep':
      return relative(g, 'monotonic', call);
    case 'futex-wait':
      return relative(g, kernel.futexWait, call);
    case 'schedule-timeout':
      return relative(g, 'jiffies', call);
    case 'absolute-realtime':
    case 'futex-lock-pi': {
      const target = g.ops.gettimeofday(g) + call.lengthNs;
      return { timer: call.timer, base: 'realtime', expires: target, target };
    }
  }
}

function relative(g: GuestTime, base: TimerBase, call: ArmingCall): GuestTimer {
  if (base === 'jiffies') {
    // One more than the length, as timespec_to_jiffies and schedule_timeout's callers do: never early.
    const ticks = (call.lengthNs + g.tickNs - 1n) / g.tickNs + 1n;
    return { timer: call.timer, base, expires: g.state.jiffies + ticks, target: null };
  }
  return { timer: call.timer, base, expires: g.ops.ktimeGet(g) + call.lengthNs, target: null };
}

/** How far a timer is from firing, on its own base's clock: ns, and <= 0 when the next scan fires it. */
export function distance(kernel: Kernel, g: GuestTime, timer: GuestTimer): bigint {
  if (timer.base === 'jiffies') return (timer.expires - g.state.jiffies) * g.tickNs;
  const left = timer.expires - g.ops.expiryNow(g, timer.base);
  return kernel.expiry === 'strict' ? left + 1n : left;
}

/** Splits timers into those that a scan fires now, in the order of their expiry, and the rest. */
export function scanTimers(
  kernel: Kernel,
  g: GuestTime,
  timers: readonly GuestTimer[],
): { readonly fired: GuestTimer[]; readonly left: GuestTimer[] } {
  const fired: { timer: GuestTimer; overdue: bigint }[] = [];
  const left: GuestTimer[] = [];
  for (const timer of timers) {
    const ns = distance(kernel, g, timer);
    if (ns <= 0n) fired.push({ timer, overdue: ns });
    else left.push(timer);
  }
  fired.sort((a, b) => (a.overdue < b.overdue ? -1 : a.overdue > b.overdue ? 1 : 0));
  return { fired: fired.map((f) => f.timer), left };
}

/** Earliest expiry as CLOCK_MONOTONIC, for a clockevent; jiffies timers wait for a tick and need none. */
export function earliestMonotonic(g: GuestTime, timers: readonly GuestTimer[]): bigint | null {
  let earliest: bigint | null = null;
  for (const timer of timers) {
    if (timer.base === 'jiffies') continue;
    const at = timer.base === 'monotonic' ? timer.expires : timer.expires - g.state.realtimeOffset;
    if (earliest === null || at < earliest) earliest = at;
  }
  return earliest;
}
