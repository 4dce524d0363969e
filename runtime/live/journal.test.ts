/** What can be wrong with a journal's file: the rest of its behaviour is in conformance/. */
import {
  appendFileSync,
  closeSync,
  fdatasync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  write,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SkewbedError } from '@skewbed/proto/errors.ts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type JournalDisk, LiveJournal } from './journal.ts';

const HEADER = '0a7d1707 skewbed journal 1\n';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'skewbed-journal-'));
  path = join(folder, 'journal');
});
afterEach(() => rmSync(folder, { recursive: true }));

const opened = (): LiveJournal =>
  new LiveJournal(path, (error) => {
    throw error;
  });
const closed = (journal: LiveJournal): Promise<void> => new Promise((done) => journal.close(done));

/** A file with these lines. */
async function written(...lines: string[]): Promise<string> {
  const journal = opened();
  for (const line of lines) journal.append(line, () => undefined);
  await closed(journal);
  return readFileSync(path, 'latin1');
}

describe('the file of a journal', () => {
  test('has a line each, with the crc32 of its bytes in front', async () => {
    expect(await written('123456789', '')).toBe(`${HEADER}cbf43926 123456789\n00000000 \n`);
  });

  test('torn anywhere in its last line loses that line only, and goes on cleanly behind the others', async () => {
    const whole = await written('first', 'second');
    const firstEnds = whole.indexOf('first') + 'first\n'.length;
    for (let length = firstEnds; length < whole.length; length++) {
      writeFileSync(path, whole.slice(0, length), 'latin1');
      const journal = opened();
      expect(journal.lines).toEqual(['first']);
      journal.append('third', () => undefined);
      await closed(journal);
      const again = opened();
      expect(again.lines).toEqual(['first', 'third']);
      await closed(again);
    }
  });

  test('with zeros at its end, as a crashed file system leaves them, is cut there', async () => {
    await written('first');
    appendFileSync(path, '\0'.repeat(100));
    const journal = opened();
    expect(journal.lines).toEqual(['first']);
    await closed(journal);
  });

  test('damaged in the middle is refused with the line, and left as it is', async () => {
    const whole = await written('first', 'second', 'third');
    const damaged = whole.replace('second', 'secone');
    writeFileSync(path, damaged, 'latin1');
    expect(opened).toThrow(expect.objectContaining({ code: 'bad-journal', where: `${path}:3` }));
    expect(readFileSync(path, 'latin1')).toBe(damaged);
  });

  test('torn while it was made is made again', async () => {
    for (const torn of [HEADER.slice(0, 1), HEADER.slice(0, -1), '\0\0\0']) {
      writeFileSync(path, torn);
      const journal = opened();
      expect(journal.lines).toEqual([]);
      await closed(journal);
      expect(readFileSync(path, 'latin1')).toBe(HEADER);
    }
  });

  test.each(['scenario: not a journal\n', HEADER.replace('1\n', '2\n'), 'x'])(
    'that is something else (%j) is refused, and left as it is',
    (content) => {
      writeFileSync(path, content);
      expect(opened).toThrow(expect.objectContaining({ code: 'bad-journal' }));
      expect(readFileSync(path, 'latin1')).toBe(content);
    },
  );

  test('beyond its limit is refused before it is read', () => {
    closeSync(openSync(path, 'w'));
    truncateSync(path, 64 * 1024 * 1024 + 1);
    expect(opened).toThrow(expect.objectContaining({ code: 'limit-exceeded' }));
  });
});

describe('a line that cannot be made durable', () => {
  type Callback = (error: NodeJS.ErrnoException | null) => void;
  const broken = Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });

  test.each<[string, Partial<JournalDisk>]>([
    ['the write fails', { write: ((_fd: number, _bytes: Buffer, done: Callback) => done(broken)) as typeof write }],
    ['the fsync fails', { fdatasync: ((_fd: number, done: Callback) => done(broken)) as typeof fdatasync }],
  ])('is never called so, nor any later one: %s', async (_how, broke) => {
    const failures: SkewbedError[] = [];
    const durable: string[] = [];
    const journal = new LiveJournal(path, (error) => failures.push(error), { write, fdatasync, ...broke });
    journal.append('one', () => durable.push('one'));
    journal.append('two', () => durable.push('two'));
    await closed(journal);
    journal.append('three', () => durable.push('three'));
    expect(failures.map(({ code }) => code)).toEqual(['bad-journal']);
    expect(failures[0]?.message).toContain('EIO');
    expect(durable).toEqual([]);
  });

  test('short writes are gone on with', async () => {
    const dribble = ((fd: number, bytes: Buffer, done: () => void) =>
      write(fd, bytes.subarray(0, 3), done)) as typeof write;
    const journal = new LiveJournal(path, () => expect.unreachable(), { write: dribble, fdatasync });
    journal.append('a line', () => undefined);
    journal.append('and another', () => undefined);
    await closed(journal);
    const again = opened();
    expect(again.lines).toEqual(['a line', 'and another']);
    await closed(again);
  });
});

test('what was appended before close() is durable after it', async () => {
  const journal = opened();
  let durable = 0;
  for (let i = 0; i < 100; i++) journal.append(`${i}`, () => durable++);
  await closed(journal);
  expect(durable).toBe(100);
  const again = opened();
  expect(again.lines.length).toBe(100);
  await closed(again);
});
