/**
 * The coordinator's journal as migrations use it: lines of proto/journal-file.ts through the Journal port. Each start on
 * it takes the next epoch. Lines which a replaced coordinator still wrote behind that are read past: its successor has
 * answered for those migrations already.
 */
import { type CommittedLine, type JournalLine, journalText, readJournalLine } from '@skewbed/proto/journal-file.ts';
import type { TrueNs } from '@skewbed/proto/units.ts';
import type { Clock } from '@skewbed/runtime/ports/clock.ts';
import type { Journal } from '@skewbed/runtime/ports/journal.ts';

type BegunLine = Extract<JournalLine, { line: 'begun' }>;
type WithoutEpoch<L> = L extends unknown ? Omit<L, 'epoch'> : never;

/** A line of a migration, as it is written: the journal itself knows the epoch. */
export type MigrationLine = WithoutEpoch<Exclude<JournalLine, { line: 'opened' }>>;

/** What a journal holds when a coordinator starts on it. */
export type Recovered = {
  /** Every migration that was ever begun, and of which domain: its name is taken. */
  readonly names: ReadonlyMap<string, string>;
  /** Committed, and not known to have ended: their orders have to be given again. */
  readonly committed: readonly CommittedLine[];
  /** Begun, and neither committed nor aborted: aborted by the restart. */
  readonly open: readonly BegunLine[];
  /** Left to persons: no order is given about them. */
  readonly resolved: readonly string[];
};

export class MigrationJournal {
  /** Of this coordinator: greater than that of every one before it on this journal. */
  readonly epoch: number;
  /** When this journal was begun: which journal it is. */
  readonly bornAt: TrueNs;
  readonly recovered: Recovered;
  readonly #journal: Journal;

  /** Reads what earlier coordinators wrote. Throws 'bad-journal' on a line that is none. */
  constructor(journal: Journal, clock: Clock) {
    this.#journal = journal;
    const { epoch, bornAt, recovered } = read(journal.lines);
    this.epoch = epoch + 1;
    this.bornAt = bornAt ?? clock.now();
    this.recovered = recovered;
  }

  /** Takes the epoch. Before `durable` is called nobody may hear of it. */
  open(at: TrueNs, durable: () => void): void {
    // The first of these lines says when the journal was begun.
    this.#append({ line: 'opened', epoch: this.epoch, at: this.epoch === 1 ? this.bornAt : at }, durable);
  }

  /** `durable` is called when the line is on disk; a line that nobody waits for needs none. */
  write(line: MigrationLine, durable: () => void = () => {}): void {
    this.#append({ ...line, epoch: this.epoch }, durable);
  }

  #append(line: JournalLine, durable: () => void): void {
    this.#journal.append(journalText(line), durable);
  }
}

type Read = { readonly epoch: number; readonly bornAt: TrueNs | null; readonly recovered: Recovered };

function read(lines: readonly string[]): Read {
  const names = new Map<string, string>();
  const open = new Map<string, BegunLine>();
  const committed = new Map<string, CommittedLine>();
  const resolved = new Set<string>();
  let epoch = 0;
  let bornAt: TrueNs | null = null;
  lines.forEach((text, index) => {
    const line = readJournalLine(text, `journal line ${index + 1}`);
    if (line.line === 'opened') {
      epoch = Math.max(epoch, line.epoch);
      bornAt ??= line.at;
      return;
    }
    if (line.line === 'begun') names.set(line.migration, line.domain);
    if (line.epoch < epoch) return;
    epoch = line.epoch;
    switch (line.line) {
      case 'begun':
        open.set(line.migration, line);
        return;
      case 'committed':
        open.delete(line.migration);
        committed.set(line.migration, line);
        return;
      case 'ended':
        committed.delete(line.migration);
        return;
      case 'aborted':
        open.delete(line.migration);
        return;
      case 'resolved':
        committed.delete(line.migration);
        resolved.add(line.migration);
        return;
      default:
        line satisfies never;
    }
  });
  const recovered = {
    names,
    committed: [...committed.values()],
    open: [...open.values()].filter(({ migration }) => !resolved.has(migration)),
    resolved: [...resolved],
  };
  return { epoch, bornAt, recovered };
}
