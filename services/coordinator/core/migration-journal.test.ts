import { type JournalLine, journalText } from '@skewbed/proto/journal-file.ts';
import { trueNs } from '@skewbed/proto/units.ts';
import type { Journal } from '@skewbed/runtime/ports/journal.ts';
import { describe, expect, it } from 'vitest';
import { MigrationJournal } from './migration-journal.ts';

const at = trueNs(5n);
const clock = { now: () => trueNs(99n), uncertainty: () => 0n };
const guest = { domain: 'guest', from: 'a', to: 'b' } as const;
const opened = (epoch: number): JournalLine => ({ line: 'opened', epoch, at });
const begun = (migration: string, epoch: number): JournalLine => ({ line: 'begun', epoch, migration, at, ...guest });
const committed = (migration: string, epoch: number): JournalLine => {
  const rest = { suspendAt: at, runAt: at, sha256: 'ab'.repeat(32) };
  return { line: 'committed', epoch, migration, at, ...guest, ...rest };
};

function on(...lines: JournalLine[]) {
  const written: string[] = [];
  const journal: Journal = { lines: lines.map(journalText), append: (line) => written.push(line) };
  return { journal: new MigrationJournal(journal, clock), written };
}

const names = (lines: readonly { readonly migration: string }[]) => lines.map(({ migration }) => migration);

describe('the journal of a coordinator', () => {
  it('gives each start a greater epoch, and every line has it', () => {
    expect(on().journal.epoch).toBe(1);
    const { journal, written } = on(opened(1), opened(2));
    expect(journal.epoch).toBe(3);
    journal.open(at, () => {});
    journal.write({ line: 'ended', migration: 'm', at });
    expect(written.map((line) => JSON.parse(line).epoch)).toEqual([3, 3]);
  });

  it('is known by the instant at which it was begun, whoever reads it', () => {
    const { journal, written } = on();
    journal.open(trueNs(123n), () => {});
    expect(journal.bornAt).toBe(99n);
    expect(JSON.parse(written[0] as string).at).toBe('99');
    expect(on({ line: 'opened', epoch: 1, at: trueNs(99n) }, opened(2)).journal.bornAt).toBe(99n);
  });

  it('tells what was begun and not decided, what was committed and not ended, and what persons decided', () => {
    const { recovered } = on(
      opened(1),
      begun('open', 1),
      begun('aborted', 1),
      { line: 'aborted', epoch: 1, migration: 'aborted', at, code: 'refused', why: '' },
      begun('committed', 1),
      committed('committed', 1),
      begun('ended', 1),
      committed('ended', 1),
      { line: 'ended', epoch: 1, migration: 'ended', at },
      begun('resolved', 1),
      committed('resolved', 1),
      { line: 'resolved', epoch: 1, migration: 'resolved', at, side: 'source', decision: 'abort' },
    ).journal;
    expect(names(recovered.open)).toEqual(['open']);
    expect(names(recovered.committed)).toEqual(['committed']);
    expect(recovered.resolved).toEqual(['resolved']);
    expect(recovered.names.get('open')).toBe('guest');
  });

  it('reads past what a replaced coordinator still wrote: its successor has told the nodes that it was aborted', () => {
    const { recovered } = on(opened(1), begun('m', 1), opened(2), committed('m', 1)).journal;
    expect(recovered.committed).toEqual([]);
    expect(names(recovered.open)).toEqual(['m']);
    // The canary: the same line in time counts.
    expect(names(on(opened(1), begun('m', 1), committed('m', 1), opened(2)).journal.recovered.committed)).toEqual([
      'm',
    ]);
  });
});
