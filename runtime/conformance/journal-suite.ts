/** What every Journal does. */
import { JOURNAL_LINE_MAX_BYTES } from '@skewbed/proto/limits.ts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Harness, HarnessFactory } from './harness.ts';

/** Declares the tests of one runtime's journal. */
export function journalSuite(factory: HarnessFactory): void {
  let harness: Harness;

  beforeEach(() => {
    harness = factory();
  });
  afterEach(() => harness.close());

  describe('the journal', () => {
    test('is empty at first', async () => {
      expect((await harness.start('a')).journal.lines).toEqual([]);
    });

    test('tells in order when lines are durable, and never within the call', async () => {
      const { journal } = await harness.start('a');
      const durable: number[] = [];
      for (let i = 0; i < 20; i++) journal.append(`line ${i}`, () => durable.push(i));
      expect(durable).toEqual([]);
      await harness.until('all are durable', () => durable.length === 20);
      expect(durable).toEqual(Array.from({ length: 20 }, (_, i) => i));
    });

    test('has every durable line after a crash, in order, and goes on behind them', async () => {
      const first = await harness.start('a');
      let durable = 0;
      for (const line of ['one', 'zwei', '三']) first.journal.append(line, () => durable++);
      await harness.until('all are durable', () => durable === 3);
      expect(first.journal.lines).toEqual([]);
      await harness.crash(first);
      const second = await harness.start('a');
      expect(second.journal.lines).toEqual(['one', 'zwei', '三']);
      second.journal.append('four', () => durable++);
      await harness.until('it is durable', () => durable === 4);
      await harness.crash(second);
      expect((await harness.start('a')).journal.lines).toEqual(['one', 'zwei', '三', 'four']);
    });

    test('belongs to one place', async () => {
      const a = await harness.start('a');
      let durable = false;
      a.journal.append('mine', () => {
        durable = true;
      });
      await harness.until('it is durable', () => durable);
      await harness.crash(a);
      expect((await harness.start('b')).journal.lines).toEqual([]);
    });

    test('takes an empty line, and one as long as the limit', async () => {
      const a = await harness.start('a');
      let durable = 0;
      const long = 'x'.repeat(JOURNAL_LINE_MAX_BYTES);
      a.journal.append('', () => durable++);
      a.journal.append(long, () => durable++);
      await harness.until('both are durable', () => durable === 2);
      await harness.crash(a);
      expect((await harness.start('a')).journal.lines).toEqual(['', long]);
    });

    test('refuses a longer line, and one with a line break in it', async () => {
      const { journal } = await harness.start('a');
      const never = (): void => expect.unreachable();
      expect(() => journal.append('é'.repeat(JOURNAL_LINE_MAX_BYTES / 2 + 1), never)).toThrow(
        expect.objectContaining({ code: 'limit-exceeded' }),
      );
      for (const line of ['a\nb', 'a\r']) {
        expect(() => journal.append(line, never)).toThrow(expect.objectContaining({ code: 'bad-argument' }));
      }
    });
  });
}
