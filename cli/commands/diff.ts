/** skewbed diff: two save files against each other, by what they mean. */
import { EXIT } from '@skewbed/experiments/checkers/expect.ts';
import { jsonText } from '@skewbed/experiments/json-text.ts';
import { diffSaves, type Side } from '@skewbed/experiments/save-files/diff.ts';
import { withOffsets } from '@skewbed/experiments/save-files/file-input.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { readSaveFileFrom } from '../save-file-input.ts';
import { sayDiff } from '../save-file-text.ts';

/** 0: the same guest, whatever differs of the hosts. */
export function diff(left: string, right: string, { json }: { readonly json?: true }): number {
  if (left === '-' || right === '-') {
    throw new SkewbedError(
      'bad-argument',
      'pages are read at their offsets, and standard input has none: give two files',
      '-',
    );
  }
  const found = withSide(left, (one) => withSide(right, (other) => diffSaves(one, other)));
  if (json) process.stdout.write(jsonText({ schema: 1, left, right, ...found }));
  else sayDiff(found);
  return found.sameGuest ? EXIT.pass : EXIT.fail;
}

const withSide = <R>(path: string, use: (side: Side) => R): R =>
  readSaveFileFrom(path, 'reading', (input) => withOffsets(path, (readAt) => use({ input, readAt })));
