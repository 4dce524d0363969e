/**
 * QEMU's policy (migration/migration.c migration_iteration_run and migration/ram.c migration_trigger_throttle, read in
 * 7.2): stop when what is dirty would pass in `downtimeLimitNs` at the measured throughput. Auto-converge: when a pass
 * was dirtied again by more than half of what it carried, twice, the guest's writers lose 20 % of their time, and 10 %
 * more with each further such pass, up to 99 %.
 * Left out: QEMU looks at its threshold within a pass too, and measures throughput over windows of 100 ms; here a pass
 * is the window. A guest that never converges is ended by the migration's time limit, as QEMU's is by its operator.
 */
import { PAGE_SIZE } from '@skewbed/proto/records.ts';
import type { PassMeasure, PrecopyPolicy, PrecopyStats } from '../precopy.ts';

export type QemuPolicyOptions = { readonly downtimeLimitNs: bigint; readonly autoConverge: 'on' | 'off' };

/** DEFAULT_MIGRATE_SET_DOWNTIME: 300 ms. */
export const QEMU_DOWNTIME_LIMIT_NS = 300_000_000n;
/** throttle-trigger-threshold, cpu-throttle-initial, cpu-throttle-increment, max-cpu-throttle, all in percent. */
const TRIGGER_PERCENT = 50;
const THROTTLE_FIRST = 20;
const THROTTLE_STEP = 10;
const THROTTLE_MOST = 99;

/** How long `pages` take at the throughput of the last pass; null before there is one. */
export function expectedDowntimeNs(pages: number, lastPass: PassMeasure | null): bigint | null {
  if (lastPass === null || lastPass.bytes === 0) return null;
  return (BigInt(pages) * BigInt(PAGE_SIZE) * lastPass.tookNs) / BigInt(lastPass.bytes);
}

export function qemuPolicy({ downtimeLimitNs, autoConverge }: QemuPolicyOptions): PrecopyPolicy {
  let percent = 0;
  let busyPasses = 0;
  const seeBusyPass = ({ dirtyCount, lastPass }: PrecopyStats): void => {
    if (lastPass === null || dirtyCount * PAGE_SIZE * 100 <= lastPass.bytes * TRIGGER_PERCENT) return;
    busyPasses += 1;
    if (busyPasses < 2) return;
    busyPasses = 0;
    percent = percent === 0 ? THROTTLE_FIRST : Math.min(percent + THROTTLE_STEP, THROTTLE_MOST);
  };
  return {
    decide: (stats) => {
      if (stats.dirtyCount < 0 || stats.iteration === 0) return 'continue';
      const expected = expectedDowntimeNs(stats.dirtyCount, stats.lastPass);
      if (stats.dirtyCount === 0 || (expected !== null && expected <= downtimeLimitNs)) return 'suspend';
      if (autoConverge === 'on') seeBusyPass(stats);
      return 'continue';
    },
    throttle: () => percent,
  };
}
