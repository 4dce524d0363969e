/** So many passes, whatever the guest does: for measuring, and for a guest whose writing is known. 0 is stop-and-copy. */
import type { PrecopyPolicy } from '../precopy.ts';

export const fixedRoundsPolicy = (rounds: number): PrecopyPolicy => ({
  decide: ({ iteration }) => (rounds === 0 ? 'suspend' : iteration >= rounds ? 'stop' : 'continue'),
});
