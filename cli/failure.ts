/**
 * What went wrong, for people on standard error and for scripts on standard output, and the exit code that it means.
 * Coded errors which the user can mend are usage; everything else is a crash, and shows its stack.
 */
import { EXIT } from '@skewbed/experiments/checkers/expect.ts';
import { jsonText } from '@skewbed/experiments/json-text.ts';
import { ERRORS, type ErrorCode, SkewbedError } from '@skewbed/proto/errors.ts';

/** Faults of the machine or of Skewbed, not of what was typed. */
const CRASHES: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'crash',
  'illegal-state',
  'link-lost',
  'not-connected',
  'timed-out',
  'peer-error',
  'stream-broken',
]);

/** Says what failed, and gives the exit code. */
export function explain(error: unknown, form: 'json' | 'text'): number {
  const coded = error instanceof SkewbedError ? error : null;
  const message = error instanceof Error ? error.message : String(error);
  const code: ErrorCode = coded?.code ?? 'crash';
  if (form === 'json')
    process.stdout.write(jsonText({ schema: 1, error: { code, meaning: ERRORS[code].meaning, message } }));
  process.stderr.write(`skewbed: ${message} [${code}]\n`);
  if (coded === null && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`);
  return coded === null || CRASHES.has(code) ? EXIT.crash : EXIT.usage;
}
