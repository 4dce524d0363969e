/** The lines of a coordinator's journal as the checkers read them: without checksums, instants counted as the history's. */
import { readFileSync } from 'node:fs';
import { type JournalLine, journalText, readJournalLine } from '@skewbed/proto/journal-file.ts';
import { type TrueNs, trueNs } from '@skewbed/proto/units.ts';

const CHECKSUM_CHARS = 9;

/** Reads the file of a coordinator that has ended. A torn end is none of the lines. */
export const journalLines = (file: string, start: TrueNs): readonly string[] =>
  journalLinesOf(readFileSync(file, 'utf8'), start);

/** The same for the text of the file. */
export function journalLinesOf(text: string, start: TrueNs): readonly string[] {
  // The first line says what file it is; behind the last end of line there is nothing, or what was torn.
  const lines = text.split('\n').slice(1, -1);
  return lines.map((line, index) => {
    const read = readJournalLine(line.slice(CHECKSUM_CHARS), `journal line ${index + 1}`);
    return journalText(counted(read, start));
  });
}

/** Instants may lie before the start: a journal outlives runs. */
function counted(line: JournalLine, start: TrueNs): JournalLine {
  const from = (at: TrueNs): TrueNs => trueNs(at - start);
  if (line.line !== 'committed') return { ...line, at: from(line.at) };
  return { ...line, at: from(line.at), suspendAt: from(line.suspendAt), runAt: from(line.runAt) };
}
