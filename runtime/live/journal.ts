/**
 * The coordinator's journal as a file: each line with the crc32 of its bytes in front, appended and fsynced; lines that
 * come while an fsync runs share the next one. A crash can tear the end of the file only, and that end is cut off when
 * it is opened again. A damaged line with sound ones behind it is no torn end: such a journal is refused. So is one that
 * another process has open: it would cut off lines which that one was promised, and answer for migrations that go on.
 */
import {
  close,
  closeSync,
  fdatasync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  statSync,
  write,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { JOURNAL_MAX_BYTES } from '@skewbed/proto/limits.ts';
import { checkJournalLine } from '../journal-rules.ts';
import type { Journal } from '../ports/journal.ts';
import { type JournalLock, lockJournal } from './journal-lock.ts';

/** What the file begins with: nothing else is a journal, and nothing else is ever cut. */
const HEADER = 'skewbed journal 1';

/** The two calls that make a line durable; tests make them fail. */
export type JournalDisk = { readonly write: typeof write; readonly fdatasync: typeof fdatasync };

type Pending = { readonly bytes: Buffer; readonly durable: () => void };

export class LiveJournal implements Journal {
  readonly lines: readonly string[];
  readonly #lock: JournalLock;
  readonly #descriptor: number;
  readonly #path: string;
  readonly #disk: JournalDisk;
  readonly #failed: (error: SkewbedError) => void;
  #waiting: Pending[] = [];
  #size: number;
  #writing = false;
  #broken = false;
  #closeWith: (() => void) | null = null;

  /**
   * Opens or makes the file. `failed` is called when a line could not be made durable: no later line will be, and a
   * service which promised something on it must end. Throws 'journal-busy' while another process has it open.
   */
  constructor(path: string, failed: (error: SkewbedError) => void, disk: JournalDisk = { write, fdatasync }) {
    this.#path = path;
    this.#failed = failed;
    this.#disk = disk;
    this.#lock = lockJournal(path);
    try {
      const { lines, size } = readJournal(path);
      this.lines = lines.slice(1);
      this.#descriptor = openSync(path, 'a', 0o600);
      ftruncateSync(this.#descriptor, size);
      this.#size = size === 0 ? writeSync(this.#descriptor, lineBytes(HEADER)) : size;
      fsyncSync(this.#descriptor);
      syncDirectory(dirname(path));
    } catch (thrown) {
      this.#lock.free();
      throw thrown;
    }
  }

  append(line: string, durable: () => void): void {
    checkJournalLine(line);
    if (this.#broken || this.#closeWith !== null) return;
    const bytes = lineBytes(line);
    if (this.#size + bytes.length > JOURNAL_MAX_BYTES) {
      throw new SkewbedError(
        'limit-exceeded',
        `journal ${this.#path} has ${this.#size} bytes: at most ${JOURNAL_MAX_BYTES}; move it away while nothing migrates`,
      );
    }
    this.#size += bytes.length;
    this.#waiting.push({ bytes, durable });
    this.#next();
  }

  /** Closes the file once everything that was appended is durable. */
  close(closed: () => void): void {
    this.#closeWith = closed;
    this.#next();
  }

  #next(): void {
    if (this.#writing) return;
    if (this.#waiting.length === 0 || this.#broken) {
      const closed = this.#closeWith;
      if (closed !== null) {
        this.#writing = true;
        close(this.#descriptor, () => {
          this.#lock.free();
          closed();
        });
      }
      return;
    }
    this.#writing = true;
    const batch = this.#waiting;
    this.#waiting = [];
    this.#write(Buffer.concat(batch.map((pending) => pending.bytes)), () => {
      this.#disk.fdatasync(this.#descriptor, (error) => {
        this.#writing = false;
        if (error !== null) {
          this.#fail(error);
          return;
        }
        for (const { durable } of batch) durable();
        this.#next();
      });
    });
  }

  #write(bytes: Buffer, done: () => void): void {
    this.#disk.write(this.#descriptor, bytes, (error, written) => {
      if (error !== null) {
        this.#writing = false;
        this.#fail(error);
      } else if (written < bytes.length) this.#write(bytes.subarray(written), done);
      else done();
    });
  }

  #fail(error: Error): void {
    // After a failed fsync the kernel may call the next one a success although the pages are gone (fsyncgate, 2018).
    this.#broken = true;
    this.#waiting = [];
    this.#failed(
      new SkewbedError('bad-journal', `journal ${this.#path} could not be written: ${error.message}; see to the disk`),
    );
    this.#next();
  }
}

function lineBytes(line: string): Buffer {
  return Buffer.from(`${sumOf(line)} ${line}\n`);
}

function sumOf(line: string): string {
  return crc32(line).toString(16).padStart(8, '0');
}

function readJournal(path: string): { lines: string[]; size: number } {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > JOURNAL_MAX_BYTES) {
    throw new SkewbedError('limit-exceeded', `journal ${path} has ${size} bytes: at most ${JOURNAL_MAX_BYTES}`);
  }
  if (size === 0) return { lines: [], size: 0 };
  const bytes = readFileSync(path);
  const header = lineBytes(HEADER);
  if (!bytes.subarray(0, header.length).equals(header)) {
    // Torn while it was made: a beginning of the header, or the zeros of a block that was never written.
    const made = header.subarray(0, bytes.length).equals(bytes) || bytes.every((byte) => byte === 0);
    if (made) return { lines: [], size: 0 };
    throw new SkewbedError('bad-journal', `${path} is no journal of this version: name another file`, path);
  }
  const lines: string[] = [];
  let sound = 0;
  let torn: number | null = null;
  for (let start = 0, number = 1; start < bytes.length; number++) {
    const end = bytes.indexOf(0x0a, start);
    const line = end < 0 ? null : soundLine(bytes.subarray(start, end).toString('utf8'));
    if (line === null) torn ??= number;
    else if (torn !== null) {
      throw new SkewbedError(
        'bad-journal',
        `journal ${path} line ${torn} is damaged, and line ${number} behind it is not: restore the file from a copy`,
        `${path}:${torn}`,
      );
    } else {
      lines.push(line);
      sound = end + 1;
    }
    start = end < 0 ? bytes.length : end + 1;
  }
  return { lines, size: sound };
}

function soundLine(text: string): string | null {
  const line = text.slice(9);
  return text[8] === ' ' && text.slice(0, 8) === sumOf(line) ? line : null;
}

/** A new file's name is durable when its directory is. */
function syncDirectory(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
