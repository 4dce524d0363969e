/**
 * Xen's policy (simple_precopy_policy of xg_sr_save.c, X:4d69b34959, 2017-09-25): stop when fewer than 50 pages are
 * dirty, or after five passes. It looks at no clock, and it never gives up.
 */
import type { PrecopyPolicy } from '../precopy.ts';

export const SPP_MAX_ITERATIONS = 5;
export const SPP_TARGET_DIRTY_COUNT = 50;

export const xenPolicy = (): PrecopyPolicy => ({
  decide: ({ iteration, dirtyCount }) =>
    (dirtyCount >= 0 && dirtyCount < SPP_TARGET_DIRTY_COUNT) || iteration >= SPP_MAX_ITERATIONS ? 'stop' : 'continue',
});
