/**
 * Timers on true time over setTimeout. One alarm for the earliest deadline; it wakes again when it was woken early
 * (setTimeout may be a millisecond early, and holds at most 2^31 - 1 ms) and is set again when the clock has learned
 * something. Timers of one deadline fire in the order in which they were set, as in the simulator.
 */
import { REAL_TIMER_MAX_NS } from '@skewbed/proto/limits.ts';
import { NS_PER_MS, type TrueNs } from '@skewbed/proto/units.ts';
import { EventQueue } from '../event-queue.ts';
import type { Clock } from '../ports/clock.ts';
import type { Timer, Timers } from '../ports/timers.ts';

/** Wakes once, after at least `ms` milliseconds or a little less. Returns what calls it off. */
export type Alarm = (ms: number, wake: () => void) => () => void;

const realAlarm: Alarm = (ms, wake) => {
  // setTimeout(0) is a millisecond; what is due now waits for one turn of the event loop, so that sockets get theirs.
  if (ms === 0) {
    const handle = setImmediate(wake);
    return () => clearImmediate(handle);
  }
  const handle = setTimeout(wake, ms);
  return () => clearTimeout(handle);
};

export class LiveTimers implements Timers {
  readonly #clock: Clock;
  readonly #alarm: Alarm;
  readonly #queue = new EventQueue();
  #armedFor: bigint | null = null;
  #disarm: (() => void) | null = null;

  constructor(clock: Clock, alarm: Alarm = realAlarm) {
    this.#clock = clock;
    this.#alarm = alarm;
  }

  at(deadline: TrueNs, fire: () => void): Timer {
    const entry = this.#queue.push(deadline, fire);
    if (this.#armedFor === null || deadline < this.#armedFor) this.#arm();
    return {
      cancel: () => {
        entry.cancel();
        // A pending alarm would keep the process alive for nothing.
        if (this.#queue.size === 0) this.#arm();
      },
    };
  }

  /**
   * The clock has changed its mind. `steppedNs`: its whole time line has moved by so much, and deadlines which were
   * calculated on the old one move with it.
   */
  clockAdjusted(steppedNs: bigint): void {
    if (steppedNs !== 0n) this.#queue.shift(steppedNs);
    this.#arm();
  }

  /** Forgets every timer. */
  cancelAll(): void {
    while (this.#queue.pop(null) !== null);
    this.#arm();
  }

  #arm(): void {
    this.#disarm?.();
    this.#disarm = null;
    this.#armedFor = this.#queue.nextAt();
    if (this.#armedFor === null) return;
    const leftNs = this.#armedFor - this.#clock.now();
    const waitNs = leftNs > REAL_TIMER_MAX_NS ? REAL_TIMER_MAX_NS : leftNs;
    const ms = waitNs <= 0n ? 0 : Number((waitNs + NS_PER_MS - 1n) / NS_PER_MS);
    this.#disarm = this.#alarm(ms, () => this.#woken());
  }

  #woken(): void {
    // Timers that are set meanwhile for the past wait for the next turn of the event loop: sockets want theirs, too.
    let turns = this.#queue.size;
    const now = this.#clock.now();
    this.#armedFor = now;
    try {
      for (; turns > 0; turns--) {
        const due = this.#queue.pop(now);
        if (due === null) break;
        due.fire();
      }
    } finally {
      this.#arm();
    }
  }
}
