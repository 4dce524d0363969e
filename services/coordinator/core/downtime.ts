/**
 * The parts of a downtime, on true time, as intervals: from the suspend on the source to the guest's first instant on the
 * target. The inner marks are read on the coordinator's clock, which is true time by definition; the first and the last
 * are instants of nodes, whose clocks are known to within their uncertainty. The parts add up to the downtime.
 */
import type { HistoryEvent } from '@skewbed/proto/history.ts';
import type { TrueNs } from '@skewbed/proto/units.ts';
import type { MigrationPlan } from './hand-over.ts';
import type { MigrationDesk } from './migration-desk.ts';

export type DowntimeMarks = {
  readonly suspendedAt: TrueNs;
  /** The last batch was acknowledged. */
  readonly streamedAt: TrueNs;
  /** Both digests were there, and equal. */
  readonly comparedAt: TrueNs;
  /** The commit line was durable. */
  readonly committedAt: TrueNs;
  readonly runAt: TrueNs;
};

export type DowntimeErrors = { readonly sourceNs: bigint; readonly targetNs: bigint };

/** Tells the history. `lastAt`: when the last of the stream came, if anything did. */
export function recordDowntime(
  desk: MigrationDesk,
  { migration, from, to, suspendAt }: MigrationPlan,
  { lastAt, ...marks }: Omit<DowntimeMarks, 'suspendedAt' | 'streamedAt'> & { readonly lastAt: TrueNs | null },
): void {
  const errors = { sourceNs: desk.uncertaintyOf(from), targetNs: desk.uncertaintyOf(to) };
  const all = { suspendedAt: suspendAt, streamedAt: lastAt ?? suspendAt, ...marks };
  for (const part of downtimeParts(migration, desk.clock.now(), all, errors)) desk.record(part);
}

/** One event a part, in order. */
function downtimeParts(migration: string, at: TrueNs, marks: DowntimeMarks, errors: DowntimeErrors): HistoryEvent[] {
  const { suspendedAt, streamedAt, comparedAt, committedAt, runAt } = marks;
  const part = (name: string, from: bigint, to: bigint, errorNs: bigint): HistoryEvent => {
    const lo = to - from - errorNs;
    return { at, kind: 'downtime-part', migration, part: name, loNs: lo < 0n ? 0n : lo, hiNs: to - from + errorNs };
  };
  return [
    part('stream', suspendedAt, streamedAt, errors.sourceNs),
    part('compare', streamedAt, comparedAt, 0n),
    part('commit', comparedAt, committedAt, 0n),
    part('start', committedAt, runAt, errors.targetNs),
  ];
}
