/**
 * The words of a migration that both state machines and the services share (design section 7).
 * source:  preparing -> precopy -> suspended -> handed-over -> destroyed | resumed
 * target:  preparing -> receiving -> received -> running | aborted
 * Before the commit every failure resumes the source; after it the source never runs again.
 */
import type { DurationNs, TrueNs } from '@skewbed/proto/units.ts';

export type RestorePolicy = 'copy-all' | 'fields-2007' | 'song-2008' | 'stream-v3';

export type SourcePhase = 'preparing' | 'precopy' | 'suspended' | 'destroyed' | 'resumed';
export type TargetPhase = 'preparing' | 'receiving' | 'received' | 'running' | 'aborted';

/** What the target must know that is not in the stream. */
export type TargetOrder = {
  readonly migration: string;
  readonly domain: string;
  readonly restore: RestorePolicy;
  /** The guest's source, for policies that compare the hosts' clocks before anything is moved. */
  readonly sourceWallAheadNs: DurationNs;
};

/** At the commit: when the guest runs, and how long it was paused as the coordinator measured it. */
export type CommitOrder = { readonly runAt: TrueNs; readonly pausedForNs: DurationNs };
