/** Every checker, in the order in which their findings are told: the worst first. */
import type { Checker, CheckerName, RunRecord, Violation } from './checker.ts';
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

/** Checkers that look at the run, not at its history. */
export const OTHER_TEXTS = {
  liveness: 'in the end every host can be asked',
  crash: 'no process throws an error without a code',
  determinism: 'a second run of the same schedule has the same history',
} as const;

/** What has to hold, by the checker's name. */
export function checkerText(name: CheckerName): string {
  if (name in OTHER_TEXTS) return OTHER_TEXTS[name as keyof typeof OTHER_TEXTS];
  return [...CHECKERS, hang].find((checker) => checker.name === name)?.text ?? '';
}

/** Everything that is wrong with a run; empty for a sound one. */
export const checkRun = (record: RunRecord): readonly Violation[] =>
  [...CHECKERS, ...(record.schedule.find === 'hang' ? [hang] : [])].flatMap((checker) => checker.check(record));
