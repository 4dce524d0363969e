/** Who may open a journal: one process at a time, whatever became of the one before. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LiveJournal } from './journal.ts';

let folder: string;
let path: string;
let others: ChildProcess[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'skewbed-lock-'));
  path = join(folder, 'journal');
  others = [];
});
afterEach(() => {
  for (const other of others) other.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

const opened = (): LiveJournal =>
  new LiveJournal(path, (error) => {
    throw error;
  });
const closed = (journal: LiveJournal): Promise<void> => new Promise((done) => journal.close(done));
const appended = (journal: LiveJournal, line: string): Promise<void> =>
  new Promise((durable) => journal.append(line, durable));
const busy = expect.objectContaining({ code: 'journal-busy' });

/** Another process that opens the journal, writes a line, and holds it until it is killed. */
async function heldElsewhere(): Promise<ChildProcess> {
  const code = `
    import { LiveJournal } from ${JSON.stringify(fileURLToPath(import.meta.resolve('./journal.ts')))};
    const journal = new LiveJournal(${JSON.stringify(path)}, (error) => { throw error; });
    journal.append('theirs', () => process.stdout.write('durable'));
    setInterval(() => {}, 1000);`;
  const other = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  others.push(other);
  await once(other.stdout as NonNullable<ChildProcess['stdout']>, 'data');
  return other;
}

describe('a journal that is open', () => {
  test('is refused to a second one in the same process, which leaves it as it is', async () => {
    const first = opened();
    await appended(first, 'one');
    const before = readFileSync(path, 'latin1');
    for (let again = 0; again < 3; again++) expect(opened).toThrow(busy);
    expect(opened).toThrow(path);
    expect(readFileSync(path, 'latin1')).toBe(before);
    await appended(first, 'two');
    expect(opened).toThrow(busy);
    await closed(first);
  });

  test('may be opened again once it is closed, and not while it is still writing', async () => {
    const first = opened();
    const written = appended(first, 'one');
    const done = closed(first);
    expect(opened).toThrow(busy);
    await written;
    await done;
    const second = opened();
    expect(second.lines).toEqual(['one']);
    await closed(second);
  });

  test('is refused to another process, also while that one is stopped, until it is dead', async () => {
    const other = await heldElsewhere();
    expect(opened).toThrow(busy);
    other.kill('SIGSTOP');
    expect(opened).toThrow(busy);
    const dead = once(other, 'exit');
    other.kill('SIGKILL');
    await dead;
    const mine = opened();
    expect(mine.lines).toEqual(['theirs']);
    await closed(mine);
  });

  test('whatever name of it is used', async () => {
    const first = opened();
    symlinkSync(path, join(folder, 'alias'));
    for (const name of ['alias', `../${basename(folder)}/journal`])
      expect(() => new LiveJournal(`${folder}/${name}`, () => {})).toThrow(busy);
    await closed(first);
  });
});

describe('a journal that cannot be opened', () => {
  test('is not held: what was wrong can be mended', async () => {
    writeFileSync(path, 'no journal at all');
    expect(opened).toThrow(expect.objectContaining({ code: 'bad-journal' }));
    rmSync(path);
    await closed(opened());
  });

  test('has no lock where something else has its name, or there is no folder', () => {
    writeFileSync(`${path}.lock`, 'something that a person keeps here');
    expect(opened).toThrow(expect.objectContaining({ code: 'bad-journal', message: expect.stringContaining('.lock') }));
    expect(readFileSync(`${path}.lock`, 'latin1')).toBe('something that a person keeps here');
    path = join(folder, 'nowhere', 'journal');
    expect(opened).toThrow(
      expect.objectContaining({ code: 'bad-journal', message: expect.stringContaining('folder') }),
    );
  });
});

test('a lock file that a dead process left is no lock', async () => {
  writeFileSync(`${path}.lock`, '');
  await closed(opened());
  await closed(opened());
});
