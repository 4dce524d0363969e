/** What every journal asks of a line, whatever keeps it: one line, within the limit. */
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { JOURNAL_LINE_MAX_BYTES } from '@skewbed/proto/limits.ts';

/** Throws when a line cannot be a line of the journal. */
export function checkJournalLine(line: string): void {
  if (/[\n\r]/.test(line)) {
    throw new SkewbedError('bad-argument', 'journal line contains a line break: write it as JSON, which escapes it');
  }
  const bytes = Buffer.byteLength(line);
  if (bytes > JOURNAL_LINE_MAX_BYTES) {
    throw new SkewbedError('limit-exceeded', `journal line of ${bytes} bytes: at most ${JOURNAL_LINE_MAX_BYTES} bytes`);
  }
}
