/** The options that every command with a testbed has, as commander gives them, and what they come to. */
import { addPatchFile } from '@skewbed/experiments/patch-file.ts';
import type { TestbedName } from '@skewbed/experiments/plan.ts';
import type { TrialOptions } from '@skewbed/experiments/trial.ts';
import { readDuration } from '@skewbed/model/time/nanos.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';

export type TestbedOptions = {
  readonly on: TestbedName;
  readonly seed: number;
  readonly scale?: string;
  readonly limit: string;
  readonly out: string;
  readonly json?: true;
};

/** What planTrial wants to know. */
export function trialOptions({ on, seed, scale, limit }: TestbedOptions): TrialOptions {
  const limitNs = readDuration(limit);
  if (limitNs <= 0n)
    throw new SkewbedError('bad-argument', `the limit is ${limit}; write a duration such as 60s`, '--limit');
  return { testbed: on, seed, limitNs, ...(scale === undefined ? {} : { scale }) };
}

/** Patches as they were typed: names, and at most one file, which is loaded here and known by its name from now on. */
export async function patchesTyped(
  typed: readonly string[],
): Promise<{ readonly names: readonly string[]; readonly file?: string }> {
  const isFile = (text: string): boolean => /[/\\]|\.[cm]?[jt]s$/.test(text);
  const files = typed.filter(isFile);
  if (files.length > 1)
    throw new SkewbedError(
      'bad-argument',
      `${files.length} patch files; give one, and let it wrap what the others do`,
      '--patch',
    );
  const [file] = files;
  if (file === undefined) return { names: typed };
  const name = await addPatchFile(file);
  return { names: typed.map((each) => (isFile(each) ? name : each)), file };
}
