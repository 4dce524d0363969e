/** Every claim, in the order in which the thread made them (facts K.4). */
import type { Claim } from './claim.ts';
import { claim as clockWasSetIsEmpty } from './clock-was-set-is-empty.ts';
import { claim as dateIsTheSame } from './date-is-the-same.ts';
import { claim as explainTheReasonFirst } from './explain-the-reason-first.ts';
import { claim as futexUsesRealtime } from './futex-uses-realtime.ts';
import { claim as guestsExpectJumps } from './guests-expect-jumps.ts';
import { claim as hrtimersDoNotWarp } from './hrtimers-do-not-warp.ts';
import { claim as jiffiesDoNotWarp } from './jiffies-do-not-warp.ts';
import { claim as nativeWcSecIsTheCause } from './native-wc-sec-is-the-cause.ts';
import { claim as notOnlySaveRestore } from './not-only-save-restore.ts';
import { claim as olderWallHangs } from './older-wall-hangs.ts';
import { claim as patchCures } from './patch-cures.ts';
import { claim as realtimeTimersCannotBeAdjusted } from './realtime-timers-cannot-be-adjusted.ts';
import { claim as settimeUndoesThePatch } from './settime-undoes-the-patch.ts';
import { claim as staleStateEntryTime } from './stale-state-entry-time.ts';
import { claim as timerInterruptCatchesUp } from './timer-interrupt-catches-up.ts';
import { claim as timersWaitForEver } from './timers-wait-for-ever.ts';
import { claim as wcCorruptionWasFixed } from './wc-corruption-was-fixed.ts';
import { claim as worksForHvm } from './works-for-hvm.ts';

export const CLAIMS: readonly Claim[] = [
  olderWallHangs,
  nativeWcSecIsTheCause,
  patchCures,
  staleStateEntryTime,
  notOnlySaveRestore,
  settimeUndoesThePatch,
  timerInterruptCatchesUp,
  timersWaitForEver,
  guestsExpectJumps,
  jiffiesDoNotWarp,
  wcCorruptionWasFixed,
  realtimeTimersCannotBeAdjusted,
  hrtimersDoNotWarp,
  futexUsesRealtime,
  dateIsTheSame,
  clockWasSetIsEmpty,
  worksForHvm,
  explainTheReasonFirst,
];
