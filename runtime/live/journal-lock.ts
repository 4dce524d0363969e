/**
 * One process at a time writes a journal. The lock is the kernel's, on a file beside the journal: it is gone with the
 * process that held it, however that ended, and no process id has to be believed, which in containers are all alike.
 * Node has no call for file locks but SQLite's, so the file is opened as a database in which nothing is ever written.
 * It stays when the lock is freed, for who deletes a lock file may delete another's. Left out: machines that share a
 * folder over a network file system without locks.
 */
import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { SkewbedError } from '@skewbed/proto/errors.ts';

/** SQLite's own number: somebody else has the lock. */
const SQLITE_BUSY = 5;

export type JournalLock = { readonly free: () => void };

/** Locks the journal at this path, or throws 'journal-busy'. */
export function lockJournal(path: string): JournalLock {
  const file = `${realPath(path)}.lock`;
  let database: DatabaseSync | null = null;
  try {
    database = new DatabaseSync(file, { timeout: 0 });
    database.exec('BEGIN EXCLUSIVE');
  } catch (thrown) {
    database?.close();
    if ((thrown as { errcode?: unknown }).errcode === SQLITE_BUSY) {
      throw new SkewbedError(
        'journal-busy',
        `journal ${path} is open in another coordinator: stop that one, or name another file`,
        path,
      );
    }
    throw new SkewbedError(
      'bad-journal',
      `journal ${path} cannot be locked by ${file}: ${(thrown as Error).message}; see that its folder is there and can be written, and that nothing else has this name`,
      path,
    );
  }
  const held = database;
  return { free: () => held.close() };
}

/** The same for every name of a file; of one that is not there yet, its own. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path);
  }
}
