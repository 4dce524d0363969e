/** skewbed verify: is a save file sound? */
import { EXIT } from '@skewbed/experiments/checkers/expect.ts';
import { jsonText } from '@skewbed/experiments/json-text.ts';
import { type Verification, verifySave } from '@skewbed/experiments/save-files/verify.ts';
import { readSaveFileFrom } from '../save-file-input.ts';
import { problemText } from '../save-file-text.ts';
import { say, styled } from '../terminal.ts';

/** Holds a file against the rules. */
export function verify(file: string, { json }: { readonly json?: true }): number {
  const verification = readSaveFileFrom(file, 'verifying', verifySave);
  if (json) process.stdout.write(jsonText({ schema: 1, file, ...verification }));
  else sayVerification(file, verification);
  return verification.sound ? EXIT.pass : EXIT.fail;
}

/** Every problem on a line of its own. */
export function sayVerification(file: string, { sound, items, problems, moreProblems, notes }: Verification): void {
  for (const problem of problems) say(problemText(problem));
  if (moreProblems > 0) say(`... and ${moreProblems} more`);
  for (const note of notes) say(styled('dim', `note: ${note}`));
  say(
    sound
      ? `${styled('green', 'sound')}  ${file}, ${items} headers and records`
      : `${styled('red', 'not sound')}  ${file}`,
  );
}
