/**
 * What one process knows of the coordinator's clock, from round trips: it asks at local time s, the coordinator answers
 * with its time t, the answer is here at local time r. The offset then lies in [t - r, t - s], half a round trip around
 * the middle (Cristian 1989, and NTP's clock filter: the shortest round trip knows best). Two oscillators drift apart,
 * so a sample grows worse with its age. Pure: it is told the local time.
 */

import { SkewbedError } from '@skewbed/proto/errors.ts';
import { type TrueNs, trueNs } from '@skewbed/proto/units.ts';
import type { ClockSample } from '../ports/clock-sync.ts';

/** 200 ppm: twice what a cheap oscillator is off, as both sides may be. */
const DRIFT_PER_MILLION = 200n;
/** Samples that are kept: at one a second a quarter of a minute, in which drift stays below 4 us. */
const SAMPLES_KEPT = 16;

/** A clock that is wrong by less waits until it is right; by more, it is another time line (NTP steps at 128 ms). */
const STEP_BEYOND_NS = 1_000_000_000n;
/** A century: nothing is known, and yet the interval can be calculated with. */
export const UNKNOWN_NS = 36_525n * 86_400n * 1_000_000_000n;

type Kept = { readonly offsetNs: bigint; readonly halfTripNs: bigint; readonly takenAt: bigint };

export class ClockEstimate {
  #kept: Kept[] = [];
  #best: Kept | null = null;
  /** The latest instant that was shown; the clock waits there when a better sample says that it is earlier. */
  #shown: bigint | null = null;

  /** Whether any sample was taken. */
  get synchronised(): boolean {
    return this.#best !== null;
  }

  /**
   * Takes a sample. Returns by how much the clock was stepped: 0n, except for the first sample, and for one that no
   * drift can explain, which comes from another coordinator or after this machine has slept.
   */
  sample(sample: ClockSample): bigint {
    const { sentLocalNs, receivedLocalNs } = sample;
    if (receivedLocalNs < sentLocalNs) {
      throw new SkewbedError(
        'bad-argument',
        `clock sample came back at ${receivedLocalNs} ns, before it was sent at ${sentLocalNs} ns: stamp both with one monotonic clock`,
      );
    }
    const taken: Kept = {
      offsetNs: sample.trueNs - (sentLocalNs + receivedLocalNs) / 2n,
      halfTripNs: (receivedLocalNs - sentLocalNs + 1n) / 2n,
      takenAt: receivedLocalNs,
    };
    const contradictionNs = this.#best === null ? 0n : contradictionOf(this.#best, taken);
    const steps = this.#best === null || contradictionNs > STEP_BEYOND_NS;
    const before = this.#shownAt(receivedLocalNs);
    this.#kept = contradictionNs > 0n ? [taken] : [...this.#kept.slice(1 - SAMPLES_KEPT), taken];
    this.#best = bestOf(this.#kept, receivedLocalNs);
    if (!steps) return 0n;
    this.#shown = null;
    return this.#rawAt(receivedLocalNs) - before;
  }

  /** True time at a local time. Never decreasing, except over a step. */
  trueAt(localNs: bigint): TrueNs {
    this.#shown = this.#shownAt(localNs);
    return trueNs(this.#shown);
  }

  /** Half the width of the interval in which true time lies. Before the first sample that is UNKNOWN_NS. */
  uncertaintyAt(localNs: bigint): bigint {
    if (this.#best === null) return UNKNOWN_NS;
    const held = this.#shown === null ? 0n : this.#shown - this.#rawAt(localNs);
    return errorOf(this.#best, localNs) + (held > 0n ? held : 0n);
  }

  #shownAt(localNs: bigint): bigint {
    const raw = this.#rawAt(localNs);
    return this.#shown === null || raw > this.#shown ? raw : this.#shown;
  }

  #rawAt(localNs: bigint): bigint {
    return localNs + (this.#best?.offsetNs ?? 0n);
  }
}

/** By how much the intervals of two samples miss each other; at most 0n when both can be true. */
function contradictionOf(known: Kept, taken: Kept): bigint {
  const apart = taken.offsetNs - known.offsetNs;
  return (apart < 0n ? -apart : apart) - errorOf(known, taken.takenAt) - taken.halfTripNs;
}

function bestOf(kept: readonly Kept[], localNs: bigint): Kept | null {
  let best: Kept | null = null;
  for (const one of kept) {
    if (best === null || errorOf(one, localNs) <= errorOf(best, localNs)) best = one;
  }
  return best;
}

function errorOf(kept: Kept, localNs: bigint): bigint {
  const age = localNs > kept.takenAt ? localNs - kept.takenAt : 0n;
  return kept.halfTripNs + (age * DRIFT_PER_MILLION) / 1_000_000n;
}
