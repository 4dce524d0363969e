/** What a source says of its pre-copy, at most every PROGRESS_PERIOD_NS, in QEMU's words (qapi/migration.json). */
import type { LiveProgress } from '@skewbed/model/migration/live-copy.ts';
import type { MessageOf } from '@skewbed/proto/control/registry.ts';
import type { MigrationProgress } from '@skewbed/proto/history.ts';
import { PROGRESS_PERIOD_NS } from '@skewbed/proto/limits.ts';
import { PAGE_SIZE } from '@skewbed/proto/records.ts';
import type { TrueNs } from '@skewbed/proto/units.ts';

export type ProgressNow = {
  readonly at: TrueNs;
  readonly status: MigrationProgress['status'];
  readonly live: LiveProgress;
  readonly bytes: number;
  readonly batches: number;
};

export class SourceProgress {
  readonly #migration: string;
  readonly #preparedAt: TrueNs;
  #startedAt: TrueNs | null = null;
  #last: { readonly at: TrueNs; readonly bytes: number } | null = null;
  #throughput = 0;

  constructor(migration: string, preparedAt: TrueNs) {
    this.#migration = migration;
    this.#preparedAt = preparedAt;
  }

  /** The first page may go. */
  started(at: TrueNs): void {
    this.#startedAt = at;
  }

  /** Whether it is time to say something again. */
  isDue(at: TrueNs): boolean {
    return this.#last === null || at - this.#last.at >= PROGRESS_PERIOD_NS;
  }

  message({ at, status, live, bytes, batches }: ProgressNow): MessageOf<'progress'> {
    const since = this.#last ?? { at: this.#startedAt ?? at, bytes: 0 };
    if (at > since.at) this.#throughput = Math.round(((bytes - since.bytes) * 1e9) / Number(at - since.at));
    this.#last = { at, bytes };
    return {
      type: 'progress',
      migration: this.#migration,
      batches,
      status,
      iteration: live.iteration,
      dirtyCount: live.dirtyCount,
      remaining: live.remainingPages * PAGE_SIZE,
      transferred: bytes,
      total: live.totalPages * PAGE_SIZE,
      normal: live.normal,
      duplicate: live.duplicate,
      dirtyPagesRate: live.dirtyPagesRate,
      throughput: this.#throughput,
      cpuThrottlePercentage: live.throttlePercent,
      expectedDowntimeNs: live.expectedDowntimeNs,
      setupTimeNs: (this.#startedAt ?? at) - this.#preparedAt,
      totalTimeNs: at - this.#preparedAt,
    };
  }
}
