/**
 * Is a save file sound? Reads it once, holds it against three sets of rules, and gives every problem with its offset, the
 * record and the reason. A damage of the framing ends the reading there; anything else is noted and passed.
 */
import type { ByteInput } from '@skewbed/proto/libxc/byte-cursor.ts';
import { SaveFileFault } from '@skewbed/proto/libxc/save-file-fault.ts';
import { readSaveFile } from '@skewbed/proto/libxc/save-file-reader.ts';
import { PageRules } from './page-rules.ts';
import { type Problem, Problems } from './problem.ts';
import { SequenceRules } from './sequence-rules.ts';
import { StateRules } from './state-rules.ts';

export type Verification = {
  readonly sound: boolean;
  readonly items: number;
  readonly problems: readonly Problem[];
  /** Problems that were found beyond the bound of the list. */
  readonly moreProblems: number;
  /** What is unusual, and allowed. */
  readonly notes: readonly string[];
};

/** Reads the whole input. What the input itself throws goes through. */
export function verifySave(input: ByteInput): Verification {
  const problems = new Problems();
  const sequence = new SequenceRules(problems);
  const pages = new PageRules(problems);
  const state = new StateRules(problems, pages);
  let items = 0;
  try {
    for (const item of readSaveFile(input)) {
      items++;
      sequence.take(item);
      pages.take(item);
      state.take(item);
    }
  } catch (error) {
    if (!(error instanceof SaveFileFault)) throw error;
    problems.add(error.offset, error.record, error.reason);
  }
  const live =
    pages.repeated === 0 ? [] : [`${pages.repeated} pages come more than once: tables are not held against each other`];
  return {
    sound: problems.list.length === 0,
    items,
    problems: problems.list,
    moreProblems: problems.more,
    notes: [...sequence.notes, ...live],
  };
}
