/** Every patch, by name. A patch from outside joins with addPatch (`--patch ./mine.ts`). */
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { armUnguarded } from './guest/arm-unguarded.ts';
import { clockWasSetReal } from './guest/clock-was-set-real.ts';
import { independentWallclock } from './guest/independent-wallclock.ts';
import { monotonicGuard } from './guest/monotonic-guard.ts';
import { rebaseCycleLast } from './guest/rebase-cycle-last.ts';
import { resetLastValue } from './guest/reset-last-value.ts';
import { resetMonotonicTv } from './guest/reset-monotonic-tv.ts';
import { runstateReregister } from './guest/runstate-reregister.ts';
import { schedClockOffset } from './guest/sched-clock-offset.ts';
import { schedClockSystemTime } from './guest/sched-clock-system-time.ts';
import { sysdevResume } from './guest/sysdev-resume.ts';
import { withoutPReset } from './guest/without-p-reset.ts';
import { uptimeContinuity } from './hypervisor/uptime-continuity.ts';
import type { Patch } from './patch.ts';
import { refuseWallBehind } from './toolstack/refuse-wall-behind.ts';
import { song2008 } from './toolstack/song-2008.ts';

const registered: Patch[] = [
  song2008,
  refuseWallBehind,
  uptimeContinuity,
  independentWallclock,
  resetMonotonicTv,
  armUnguarded,
  sysdevResume,
  resetLastValue,
  rebaseCycleLast,
  runstateReregister,
  schedClockOffset,
  schedClockSystemTime,
  monotonicGuard,
  clockWasSetReal,
  withoutPReset,
];

/** All patches, the test-only ones too, in the order in which tables show them. */
export const PATCHES: readonly Patch[] = registered;

export const patchNamed = (name: string): Patch | undefined => registered.find((patch) => patch.name === name);

/** Adds a patch of somebody's own. The name has to be new. */
export function addPatch(patch: Patch): void {
  if (patchNamed(patch.name) !== undefined) {
    throw new SkewbedError('bad-argument', `there is a patch '${patch.name}' already; give yours another name`);
  }
  registered.push(patch);
}
