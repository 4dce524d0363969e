/** Every checker, in the order in which their findings are told: the worst first. */
import type { Checker, RunRecord, Violation } from './checker.ts';
import { copies } from './copies.ts';
import { credit } from './credit.ts';
import { digest } from './digest.ts';
import { faults } from './faults.ts';
import { frames } from './frames.ts';
import { freeze } from './freeze.ts';
import { hang } from './hang.ts';
import { journal } from './journal.ts';
import { memory } from './memory.ts';
import { monotonic } from './monotonic.ts';
import { wall } from './wall.ts';

export const CHECKERS: readonly Checker[] = [
  copies,
  journal,
  digest,
  memory,
  frames,
  credit,
  wall,
  monotonic,
  freeze,
  faults,
];

/** Everything that is wrong with a run; empty for a sound one. */
export const checkRun = (record: RunRecord): readonly Violation[] =>
  [...CHECKERS, ...(record.schedule.find === 'hang' ? [hang] : [])].flatMap((checker) => checker.check(record));
