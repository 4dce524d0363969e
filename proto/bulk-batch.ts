/**
 * A batch of pages that is sent and taken where its pages lie: the same bytes as wire-records.ts writes, but the runs of
 * pages are views of a guest's memory on both sides. The head (all fields in front of `pages`) is read as it comes, so
 * that the pages behind it can be put in place by the kernel; whether they are what was sent is known when the checksum
 * has come, and an end that finds it wrong has to drop what it has.
 */

import { decode } from './codec.ts';
import type { MessageOf } from './control/registry.ts';
import { SkewbedError } from './errors.ts';
import { BATCH_PAGES_MAX, BATCH_RECORDS_MAX } from './limits.ts';
import { unpack } from './msgpack.ts';
import { valueEnd } from './msgpack-shape.ts';
import { encodeRuns, type PageRun, readRuns } from './page-runs.ts';
import { PAGE_SIZE } from './records.ts';
import { type BatchName, BIN_32, batchHead, CHECKSUM_BYTES, CHECKSUM_KEY, PAGES_KEY, UINT_64 } from './wire-records.ts';

/** A checksum that is shown the bytes piece by piece. */
export type RunningChecksum = { update(bytes: Uint8Array): void; value(): bigint };

/** Pages in a row in some memory: `bytes` holds count x 4096 of them, or is null when all are zero. */
export type MemoryRun = Omit<PageRun, 'present'> & { readonly bytes: Uint8Array | null };

/** A message in parts; the last one is made when the others are as they leave. */
export type SealedParts = {
  readonly parts: readonly Uint8Array[];
  readonly seal: (pieces: readonly Uint8Array[]) => Uint8Array;
  /** Length of the whole message. */
  readonly bytes: number;
};

/** The batch that carries these runs. */
export function bulkBatch(name: BatchName, runs: readonly MemoryRun[], sum: RunningChecksum): SealedParts {
  const parts: Uint8Array[] = [];
  let pages = 0;
  let bytesOfPages = 0;
  for (const { count, bytes } of runs) {
    pages += count;
    if (bytes === null) continue;
    if (bytes.length !== count * PAGE_SIZE) {
      throw new SkewbedError('crash', `batch ${name.seq}: a run of ${count} pages has ${bytes.length} bytes`);
    }
    bytesOfPages += bytes.length;
    parts.push(bytes);
  }
  if (pages > BATCH_PAGES_MAX) {
    throw new SkewbedError(
      'limit-exceeded',
      `batch ${name.seq} of migration ${name.migration}: ${pages} pages; at most ${BATCH_PAGES_MAX}`,
    );
  }
  const described = encodeRuns(runs, ({ bytes }) => bytes !== null);
  const head = batchHead(name, [{ type: 'PAGE_DATA', runs: described }], bytesOfPages);
  const bytes = head.length + bytesOfPages + TAIL_BYTES;
  return { parts: [head, ...parts], seal: (pieces) => sealed(pieces, sum), bytes };
}

function sealed(pieces: readonly Uint8Array[], sum: RunningChecksum): Uint8Array {
  const tail = new Uint8Array(TAIL_BYTES);
  tail.set(CHECKSUM_KEY);
  tail[CHECKSUM_KEY.length] = UINT_64;
  for (const piece of pieces) sum.update(piece);
  sum.update(tail.subarray(0, -CHECKSUM_BYTES));
  new DataView(tail.buffer).setBigUint64(tail.length - CHECKSUM_BYTES, sum.value());
  return tail;
}

const TAIL_BYTES = CHECKSUM_KEY.length + 1 + CHECKSUM_BYTES;

/** What the beginning of a message says so far. */
export type Head =
  | { readonly head: 'incomplete' }
  /** It is no batch: gather it, and decode it as a whole. */
  | { readonly head: 'other' }
  | {
      readonly head: 'batch';
      /** Without its pages, and with a checksum that is not known yet. */
      readonly batch: MessageOf<'batch'>;
      /** Where the pages begin. */
      readonly at: number;
      readonly pageBytes: number;
    };

const TYPE_BATCH = [0xa4, 0x74, 0x79, 0x70, 0x65, 0xa5, 0x62, 0x61, 0x74, 0x63, 0x68]; // 'type': 'batch'

/** Reads the head of a batch. Throws on one that no sender writes. */
export function readHead(beginning: Uint8Array): Head {
  const found = findPages(beginning);
  if (typeof found === 'string') return { head: found };
  const { key } = found;
  const at = key + PAGES_KEY.length + 5;
  if (at > beginning.length) return { head: 'incomplete' };
  if (beginning[at - 5] !== BIN_32)
    throw new SkewbedError('bad-message', 'bad message: the pages of a batch are no bin 32');
  const pageBytes = new DataView(beginning.buffer, beginning.byteOffset).getUint32(at - 4);
  // The same batch without pages and checksum goes through the door that every message goes through.
  const tail = [...PAGES_KEY, BIN_32, 0, 0, 0, 0, ...CHECKSUM_KEY, UINT_64, 0, 0, 0, 0, 0, 0, 0, 0];
  const bare = new Uint8Array(key + tail.length);
  bare.set(beginning.subarray(0, key));
  bare.set(tail, key);
  const batch = decode(bare, 'stream');
  if (batch.type !== 'batch') throw new SkewbedError('bad-message', 'bad message: it is no batch');
  return { head: 'batch', batch, at, pageBytes };
}

/** The fields of a batch in front of its records, for who only hands it on. Unchecked but for being msgpack. */
export function peekBatch(beginning: Uint8Array): 'incomplete' | 'other' | ReadonlyMap<string, unknown> {
  const found = findKey(beginning, 'records');
  if (typeof found === 'string') return found;
  const fields = beginning.slice(0, found.key);
  fields[0] = 0x80 + found.index;
  return new Map(Object.entries(unpack(fields) as Record<string, unknown>));
}

const findPages = (beginning: Uint8Array) => findKey(beginning, 'pages');

type Found = { readonly key: number; readonly index: number };

/** Where a key of the batch's own map stands. */
function findKey(bytes: Uint8Array, wanted: string): 'incomplete' | 'other' | Found {
  const first = bytes[0];
  if (first === undefined) return 'incomplete';
  const count = first - 0x80;
  if (count < 1 || count > 15) return 'other';
  for (let i = 0; i < TYPE_BATCH.length; i++) {
    const byte = bytes[1 + i];
    if (byte === undefined) return 'incomplete';
    if (byte !== TYPE_BATCH[i]) return 'other';
  }
  let at = 1 + TYPE_BATCH.length;
  for (let index = 1; index < count; index++) {
    const keyEnd = valueEnd(bytes, at);
    if (keyEnd === null) return 'incomplete';
    if (isKey(bytes.subarray(at, keyEnd), wanted)) return { key: at, index };
    const end = valueEnd(bytes, keyEnd);
    if (end === null) return 'incomplete';
    at = end;
  }
  return 'other';
}

function isKey(bytes: Uint8Array, wanted: string): boolean {
  if (bytes.length !== wanted.length + 1 || bytes[0] !== 0xa0 + wanted.length) return false;
  for (let i = 0; i < wanted.length; i++) if (bytes[i + 1] !== wanted.charCodeAt(i)) return false;
  return true;
}

/** The runs of a batch that holds one PAGE_DATA and nothing else, or null for any other. Throws when the pages do not fit. */
export function runsOfBatch(batch: MessageOf<'batch'>, pageBytes: number): PageRun[] | null {
  const [record, ...others] = batch.records;
  if (record?.type !== 'PAGE_DATA' || others.length > 0 || batch.records.length > BATCH_RECORDS_MAX) return null;
  const where = `batch ${batch.seq} of migration ${batch.migration}`;
  const runs = readRuns(record.runs, BATCH_PAGES_MAX, where);
  const due = runs.reduce((sum, { count, present }) => sum + (present ? count * PAGE_SIZE : 0), 0);
  if (due !== pageBytes) {
    throw new SkewbedError('stream-broken', `${where}: its runs are ${due} bytes, and ${pageBytes} are there`, where);
  }
  return runs;
}

/** Checks what came behind the pages. `sum` was shown every byte before it. Throws 'stream-broken'. */
export function checkTail(batch: MessageOf<'batch'>, tail: Uint8Array, sum: RunningChecksum): void {
  const where = `batch ${batch.seq} of migration ${batch.migration}`;
  const known = CHECKSUM_KEY.length + 1;
  const sound = tail.length === known + CHECKSUM_BYTES && tail[known - 1] === UINT_64;
  if (!sound || CHECKSUM_KEY.some((byte, i) => tail[i] !== byte)) {
    throw new SkewbedError('stream-broken', `${where}: ${tail.length} bytes behind its pages are no checksum`, where);
  }
  sum.update(tail.subarray(0, known));
  const said = new DataView(tail.buffer, tail.byteOffset).getBigUint64(known);
  const computed = sum.value();
  if (said === computed) return;
  throw new SkewbedError(
    'stream-broken',
    `${where}: checksum is ${said.toString(16)}, its bytes give ${computed.toString(16)}`,
    where,
  );
}
