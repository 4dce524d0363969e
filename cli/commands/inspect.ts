/** skewbed inspect: what is in a save file. */
import { EXIT } from '@skewbed/experiments/checkers/expect.ts';
import { jsonText } from '@skewbed/experiments/json-text.ts';
import { inspectSave } from '@skewbed/experiments/save-files/inspect.ts';
import { readSaveFileFrom } from '../save-file-input.ts';
import { sayInspection } from '../save-file-text.ts';

/** Tells a file, as far as it can be read. */
export function inspect(file: string, { json }: { readonly json?: true }): number {
  const seen = readSaveFileFrom(file, 'reading', inspectSave);
  if (json) process.stdout.write(jsonText({ schema: 1, file, ...seen }));
  else sayInspection(file, seen);
  return seen.problem === null ? EXIT.pass : EXIT.fail;
}
