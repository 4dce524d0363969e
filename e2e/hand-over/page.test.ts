/** docs/hand-over.md says what the code does: its tables are made anew, and compared. */
import { describe, expect, it } from 'vitest';
import { coordinatorTable } from './coordinator-table.ts';
import { sourceTable, type Table, targetTable } from './node-table.ts';
import { handOverPage } from './page.ts';

const cell = ({ columns, rows }: Table, event: string, state: string): string | undefined =>
  rows.find(([name]) => name === event)?.[columns.indexOf(state) + 1];

describe('docs/hand-over.md', () => {
  it('is what the code does (npx vitest run e2e/hand-over/page.test.ts -u writes it anew)', async () => {
    await expect(handOverPage()).toMatchFileSnapshot('../../docs/hand-over.md');
  });
});

// What no -u may change: the rules of the page, in its tables.
describe('the tables', () => {
  const source = sourceTable();
  const target = targetTable();
  const coordinator = coordinatorTable();

  it('have a source that never runs by itself once it has voted, nor a target', () => {
    for (const table of [source, target]) {
      for (const state of ['voted', 'in-doubt']) {
        for (const event of ['the stream closes', 'the control link breaks', '100 s pass, nobody answers'])
          expect(cell(table, event, state)).not.toContain('guest');
      }
    }
  });

  it('have no way back from the end', () => {
    for (const [table, states] of [
      [source, ['committed', 'aborted']],
      [target, ['running', 'aborted']],
    ] as const) {
      for (const [event] of table.rows) {
        for (const state of states) expect(cell(table, event as string, state)).not.toContain('→');
      }
    }
  });

  it('refuse an older epoch in every state', () => {
    for (const table of [source, target]) {
      for (const row of table.rows.filter(([event]) => event?.includes('older epoch')))
        expect(new Set(row.slice(1))).toEqual(new Set(['stale-epoch']));
    }
  });

  it('have no abort after the decision but for who asks about what was aborted, and no commit before it', () => {
    for (const [event, ...cells] of coordinator.rows) {
      cells.forEach((text, index) => {
        const state = coordinator.columns[index] as string;
        const decided = /^(handing-over|running|lost|resolved)/.test(state);
        if (decided) expect(text, `${event} in ${state}`).not.toContain('abort to');
        if (!decided && !text.includes('running')) expect(text, `${event} in ${state}`).not.toContain('commit to');
      });
    }
  });
});
