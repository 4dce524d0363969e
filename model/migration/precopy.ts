/**
 * The loop of a live pre-copy (tools/libs/guest/xg_sr_save.c send_memory_live, since X:4d69b34959; facts D.8): which set
 * of pages is the next pass, and when the guest is to be stopped. A policy is asked twice around each pass: before it,
 * with the size of the set, and after it, before log-dirty is scanned again. A set that is not empty is sent even when
 * the first answer is stop.
 * Beside Xen's three answers a policy may say 'suspend': stop, and leave this set to the last pass (QEMU does so).
 * Left out: checkpoints, and the progress strings. Sending a pass and measuring it is the business of whoever drives it.
 */
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { DirtyBitmap, type DirtyReport } from '../memory/log-dirty.ts';

export type PrecopyDecision = 'continue' | 'stop' | 'suspend' | 'abort';

/** A pass as it was measured: what went over the wire and until when it was applied on the target. */
export type PassMeasure = { readonly pages: number; readonly bytes: number; readonly tookNs: bigint };

/** What a policy decides on. */
export type PrecopyStats = {
  /** Passes that were sent. */
  readonly iteration: number;
  /** Pages of all passes together. */
  readonly totalWritten: number;
  /** Pages of the next pass; -1 where log-dirty has not been scanned yet. */
  readonly dirtyCount: number;
  readonly lastPass: PassMeasure | null;
};

export interface PrecopyPolicy {
  decide(stats: PrecopyStats): PrecopyDecision;
  /** Percent of the guest's writing time to take away from now on; a policy without it never throttles. */
  throttle?(stats: PrecopyStats): number;
}

export type PrecopyStep =
  | { readonly next: 'pass'; readonly dirty: DirtyBitmap }
  /** Stop the guest. `left` goes into the last pass with whatever the last scan finds. */
  | { readonly next: 'stop'; readonly left: DirtyBitmap }
  | { readonly next: 'abort' };

/** A policy that never ends: the loop breaks it off, as a guest would never move. */
const ITERATIONS_MAX = 10_000;

export class Precopy {
  readonly #policy: PrecopyPolicy;
  readonly #clean: () => DirtyReport;
  #dirty: DirtyBitmap;
  #stats: PrecopyStats;
  #passes = 0;
  #decision: PrecopyDecision = 'continue';

  /** `clean`: log-dirty CLEAN at this instant. Log-dirty has to be on. */
  constructor(pages: number, policy: PrecopyPolicy, clean: () => DirtyReport) {
    this.#policy = policy;
    this.#clean = clean;
    this.#dirty = DirtyBitmap.full(pages);
    this.#stats = { iteration: 0, totalWritten: 0, dirtyCount: pages, lastPass: null };
  }

  get stats(): PrecopyStats {
    return this.#stats;
  }

  /** Percent, as the policy has it now. */
  get throttlePercent(): number {
    return this.#policy.throttle?.(this.#stats) ?? 0;
  }

  /** The first step; each following one comes from passDone(). */
  begin(): PrecopyStep {
    return this.#open() ?? this.passDone({ pages: 0, bytes: 0, tookNs: 0n });
  }

  /** The set of the last step was sent, and this is how that went. */
  passDone(measure: PassMeasure): PrecopyStep {
    for (let last = measure; this.#passes < ITERATIONS_MAX; last = { pages: 0, bytes: 0, tookNs: 0n }) {
      if (this.#decision !== 'continue') return this.#stop(new DirtyBitmap(this.#dirty.pages));
      const { totalWritten, dirtyCount } = this.#stats;
      this.#stats = {
        iteration: this.#passes,
        totalWritten: totalWritten + dirtyCount,
        dirtyCount: -1,
        lastPass: last,
      };
      this.#decision = this.#policy.decide(this.#stats);
      if (this.#decision === 'abort') return { next: 'abort' };
      if (this.#decision !== 'continue') return this.#stop(new DirtyBitmap(this.#dirty.pages));
      const { dirty, dirtyCount: found } = this.#clean();
      this.#dirty = dirty;
      this.#stats = { ...this.#stats, dirtyCount: found };
      const step = this.#open();
      if (step !== null) return step;
    }
    throw new SkewbedError(
      'refused',
      `the pre-copy policy still wants to go on after ${ITERATIONS_MAX} passes; take one that ends`,
    );
  }

  /** Null where the pass is empty: it is done as soon as it begins. */
  #open(): PrecopyStep | null {
    this.#decision = this.#policy.decide(this.#stats);
    this.#passes += 1;
    if (this.#decision === 'abort') return { next: 'abort' };
    if (this.#decision === 'suspend') return this.#stop(this.#dirty);
    return this.#stats.dirtyCount > 0 ? { next: 'pass', dirty: this.#dirty } : null;
  }

  #stop(left: DirtyBitmap): PrecopyStep {
    return { next: 'stop', left };
  }
}
