/**
 * What the coordinator's journal says of migrations: one line a transition. The line 'committed' is the point of no
 * return: the guest is the target's from the moment that line is durable, whatever fails afterwards. A migration without
 * such a line never happened (presumed abort), so no other line has to be waited for.
 */

import { Code, closed, DomainName, Name, Sha256, Text, TrueTime } from '@skewbed/proto/control/fields.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { jsonForm } from '@skewbed/proto/json-form.ts';
import type { Journal } from '@skewbed/runtime/ports/journal.ts';
import { type Static, type TProperties, Type } from 'typebox';

const line = <const K extends string, P extends TProperties>(kind: K, properties: P) =>
  closed({ line: Type.Literal(kind), migration: Name, at: TrueTime, ...properties });

const Line = Type.Union([
  line('begun', { domain: DomainName, from: Name, to: Name }),
  line('committed', { domain: DomainName, from: Name, to: Name, suspendAt: TrueTime, runAt: TrueTime, sha256: Sha256 }),
  line('ended', {}),
  line('aborted', { code: Code, why: Text }),
]);

export type JournalLine = Static<typeof Line>;
export type CommittedLine = Extract<JournalLine, { line: 'committed' }>;

const form = jsonForm(Line, 'bad-journal');

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
    this.#journal.append(JSON.stringify(form.toJson(line)), durable);
  }

  /** Reads what an earlier coordinator wrote. Throws 'bad-journal' on a line that is none. */
  recover(): Recovered {
    const names = new Set<string>();
    const committed = new Map<string, CommittedLine>();
    this.#journal.lines.forEach((text, index) => {
      const read = readLine(text, `journal line ${index + 1}`);
      names.add(read.migration);
      if (read.line === 'committed') committed.set(read.migration, read);
      if (read.line === 'ended') committed.delete(read.migration);
    });
    return { names, committed: [...committed.values()] };
  }
}

function readLine(text: string, where: string): JournalLine {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new SkewbedError('bad-journal', `${where} is no JSON: restore the journal from a copy`, where);
  }
  return form.fromJson(json, where);
}
