/**
 * The only file of Skewbed that reads real time. True time is the coordinator's monotonic clock: the coordinator reads
 * its own, everybody else adds what clock-estimate.ts has learned from it. Left out: UTC as a time for anything but the
 * start of a real run's wall clock; hosts have model clocks, and logs carry those.
 */
import { type TrueNs, trueNs } from '@skewbed/proto/units.ts';
import type { Clock } from '../ports/clock.ts';
import type { ClockSample, ClockSync } from '../ports/clock-sync.ts';
import { ClockEstimate } from './clock-estimate.ts';

/** The monotonic clock of this machine. Processes of one machine see the same one. */
export function monotonicNs(): bigint {
  return process.hrtime.bigint();
}

/** UTC as this machine believes it, ns since 1970, to the millisecond. */
export function machineUtcNs(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}

/** One look at both clocks of the operating system, at one instant. */
export type MachineClocks = { readonly utcNs: bigint; readonly monotonicNs: bigint };

/** Node reads UTC in milliseconds only: looks until a millisecond ends, which is known to some microseconds. */
export function lookAtMachineClocks(): MachineClocks {
  for (;;) {
    const before = Date.now();
    let last = monotonicNs();
    const giveUp = last + LOOK_LONGEST_NS;
    while (last < giveUp) {
      const utcMs = Date.now();
      const now = monotonicNs();
      // Put aside in between, this process would date the end of the millisecond too late.
      if (utcMs !== before && now - last < LOOK_GRAIN_NS)
        return { utcNs: BigInt(utcMs) * 1_000_000n, monotonicNs: now };
      if (utcMs !== before) break;
      last = now;
    }
  }
}

const LOOK_GRAIN_NS = 50_000n;
/** A clock that was just stepped back shows new milliseconds all the same; one at a very low rate is looked at again. */
const LOOK_LONGEST_NS = 20_000_000n;

/** The clock of the coordinator: true time is its monotonic clock, by definition. */
export const coordinatorClock: Clock = { now: () => trueNs(monotonicNs()), uncertainty: () => 0n };

/** Told after the clock has changed its mind. `steppedNs` is not 0n when everything before was on another time line. */
export type ClockAdjusted = (steppedNs: bigint) => void;

/** The clock of everybody else. Until the first sample it is this machine's, which is right on the same machine. */
export class EstimatedClock implements Clock, ClockSync {
  readonly #estimate = new ClockEstimate();
  readonly #local: () => bigint;
  readonly #listeners: ClockAdjusted[] = [];

  constructor(local: () => bigint = monotonicNs) {
    this.#local = local;
  }

  now(): TrueNs {
    return this.#estimate.trueAt(this.#local());
  }

  uncertainty(): bigint {
    return this.#estimate.uncertaintyAt(this.#local());
  }

  /** Whether a coordinator has been asked yet. */
  get synchronised(): boolean {
    return this.#estimate.synchronised;
  }

  /** This machine's monotonic clock now: what a clock-ping is stamped with on its way out and back. */
  localNow(): bigint {
    return this.#local();
  }

  /** Takes one round trip of clock-ping and clock-pong. */
  sample(sample: ClockSample): void {
    const stepped = this.#estimate.sample(sample);
    for (const listener of this.#listeners) listener(stepped);
  }

  /** Timers on this clock want to know: clock.onAdjusted((steppedNs) => timers.clockAdjusted(steppedNs)). */
  onAdjusted(listener: ClockAdjusted): void {
    this.#listeners.push(listener);
  }
}
