/** The coordinator's journal as migrations use it: lines of proto/journal-file.ts through the Journal port. */
import { type CommittedLine, type JournalLine, journalText, readJournalLine } from '@skewbed/proto/journal-file.ts';
import type { Journal } from '@skewbed/runtime/ports/journal.ts';

/** What a journal holds when a coordinator starts on it. */
export type Recovered = {
  /** Every migration that was ever begun: its name is taken. */
  readonly names: ReadonlySet<string>;
  /** Committed, and not known to have ended: their orders have to be given again. */
  readonly committed: readonly CommittedLine[];
};

export class MigrationJournal {
  readonly #journal: Journal;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** `durable` is called when the line is on disk; a line that nobody waits for needs none. */
  write(line: JournalLine, durable: () => void = () => {}): void {
    this.#journal.append(journalText(line), durable);
  }

  /** Reads what an earlier coordinator wrote. Throws 'bad-journal' on a line that is none. */
  recover(): Recovered {
    const names = new Set<string>();
    const committed = new Map<string, CommittedLine>();
    this.#journal.lines.forEach((text, index) => {
      const read = readJournalLine(text, `journal line ${index + 1}`);
      names.add(read.migration);
      if (read.line === 'committed') committed.set(read.migration, read);
      if (read.line === 'ended') committed.delete(read.migration);
    });
    return { names, committed: [...committed.values()] };
  }
}
