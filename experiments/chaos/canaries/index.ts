/** The test-only registry of deliberate bugs, in the order in which docs/chaos.md shows them. */
import { SkewbedError } from '@skewbed/proto/errors.ts';
import type { Canary } from './canary.ts';
import {
  faultNotDone,
  frozenTooLong,
  guardNotReset,
  monotonicBack,
  randomWithoutSeed,
  swallowWallclock,
} from './clocks.ts';
import {
  abortKeepsTarget,
  abortLosesGuest,
  fallsOverAbort,
  journalWithoutSync,
  noSecondBoot,
  resumeWithoutCommit,
  sourceRunsOn,
} from './hand-over.ts';
import { countCreditTwice, forgetToLocalise, loseDirtyPage, scribbleAfterDigest } from './memory.ts';

export const CANARIES: readonly Canary[] = [
  resumeWithoutCommit,
  sourceRunsOn,
  abortLosesGuest,
  abortKeepsTarget,
  journalWithoutSync,
  noSecondBoot,
  fallsOverAbort,
  loseDirtyPage,
  forgetToLocalise,
  scribbleAfterDigest,
  countCreditTwice,
  swallowWallclock,
  frozenTooLong,
  guardNotReset,
  monotonicBack,
  faultNotDone,
  randomWithoutSeed,
];

/** A canary by its name. */
export function canaryNamed(name: string): Canary {
  const canary = CANARIES.find((each) => each.name === name);
  if (canary !== undefined) return canary;
  throw new SkewbedError(
    'not-found',
    `there is no canary '${name}'; there are ${CANARIES.map((each) => each.name).join(', ')}`,
  );
}
