/**
 * A batch of stream records <-> one message. Pages of all PAGE_DATA stand in one field, so that a page is copied once on
 * the way out (guest memory -> message) and not at all on the way in (views of the message). The checksum is the last
 * field and its value the last eight bytes of the message: it covers every byte before them, and the whole is still
 * plain msgpack. Pfns, types and zero pages travel as runs (page-runs.ts). bulk-batch.ts sends and takes the same bytes
 * where they lie.
 */
import type { MessageOf } from './control/registry.ts';
import type { WireRecord } from './control/stream.ts';
import { SkewbedError } from './errors.ts';
import { BATCH_PAGES_MAX, BATCH_RECORDS_MAX, MESSAGE_MAX_BYTES } from './limits.ts';
import { pack } from './msgpack.ts';
import { encodeRuns, readRuns } from './page-runs.ts';
import { PAGE_SIZE, type PageEntry, type StreamRecord } from './records.ts';

/** The checksum that the two ends agreed on, as an unsigned 64-bit number. */
export type BatchChecksum = (bytes: Uint8Array) => bigint;

/** Which batch of which migration. */
export type BatchName = { readonly migration: string; readonly seq: number };

/** What stands in front of the pages, and behind them, in every batch. */
export const PAGES_KEY: readonly number[] = [0xa5, 0x70, 0x61, 0x67, 0x65, 0x73]; // fixstr 'pages'
export const CHECKSUM_KEY: readonly number[] = [0xa8, 0x63, 0x68, 0x65, 0x63, 0x6b, 0x73, 0x75, 0x6d]; // fixstr 'checksum'
export const BIN_32 = 0xc6;
export const UINT_64 = 0xcf;
export const CHECKSUM_BYTES = 8;

/** The message that carries these records. `room`: memory for so many bytes, where the caller has some. */
export function encodeBatch(
  name: BatchName,
  records: readonly StreamRecord[],
  checksum: BatchChecksum,
  room: (bytes: number) => Uint8Array = (bytes) => new Uint8Array(bytes),
): Uint8Array {
  const pages = pagesOf(records);
  if (pages.count > BATCH_PAGES_MAX || records.length > BATCH_RECORDS_MAX) {
    throw new SkewbedError(
      'limit-exceeded',
      `batch ${name.seq} of migration ${name.migration}: ${pages.count} pages in ${records.length} records; at most ${BATCH_PAGES_MAX} in ${BATCH_RECORDS_MAX}`,
    );
  }
  const pageBytes = pages.present.length * PAGE_SIZE;
  const head = batchHead(name, records.map(toWire), pageBytes);
  const length = head.length + pageBytes + CHECKSUM_KEY.length + 1 + CHECKSUM_BYTES;
  if (length > MESSAGE_MAX_BYTES) {
    throw new SkewbedError(
      'limit-exceeded',
      `batch ${name.seq} of migration ${name.migration}: ${length} bytes; at most ${MESSAGE_MAX_BYTES}`,
    );
  }
  const message = room(length);
  const view = new DataView(message.buffer, message.byteOffset, length);
  message.set(head);
  let at = head.length;
  for (const page of pages.present) {
    message.set(page, at);
    at += PAGE_SIZE;
  }
  message.set(CHECKSUM_KEY, at);
  at += CHECKSUM_KEY.length;
  view.setUint8(at, UINT_64);
  view.setBigUint64(at + 1, checksum(message.subarray(0, at + 1)));
  return message;
}

/**
 * The records of a batch that decode() returned for `bytes`. Their pages are views of `bytes`. Throws 'stream-broken'
 * when the checksum is wrong or a record contradicts itself.
 */
export function openBatch(batch: MessageOf<'batch'>, bytes: Uint8Array, checksum: BatchChecksum): StreamRecord[] {
  const where = `batch ${batch.seq} of migration ${batch.migration}`;
  const end = bytes.length - CHECKSUM_BYTES;
  const computed = checksum(bytes.subarray(0, end));
  if (bytes[end - 1] !== UINT_64 || computed !== batch.checksum) {
    throw broken(where, `checksum is ${batch.checksum.toString(16)}, its bytes give ${computed.toString(16)}`);
  }
  const pages = new PageReader(batch.pages, where);
  const records = batch.records.map((record) => fromWire(record, pages, where));
  pages.finish();
  return records;
}

/** Everything of a batch in front of its pages. */
export function batchHead(name: BatchName, records: readonly WireRecord[], pageBytes: number): Uint8Array {
  const fields = pack({ type: 'batch', ...name, records });
  const head = new Uint8Array(fields.length + PAGES_KEY.length + 5);
  head.set(fields);
  // A fixmap, which will have two fields more: pages and checksum are written by hand, without a copy more.
  head[0] = (head[0] as number) + 2;
  head.set(PAGES_KEY, fields.length);
  head[fields.length + PAGES_KEY.length] = BIN_32;
  new DataView(head.buffer).setUint32(head.length - 4, pageBytes);
  return head;
}

function pagesOf(records: readonly StreamRecord[]): { readonly count: number; readonly present: Uint8Array[] } {
  const present: Uint8Array[] = [];
  let count = 0;
  for (const record of records) {
    if (record.type !== 'PAGE_DATA') continue;
    count += record.entries.length;
    for (const { page } of record.entries) if (page !== null) present.push(page);
  }
  return { count, present };
}

function toWire(record: StreamRecord): WireRecord {
  switch (record.type) {
    case 'PAGE_DATA':
      return { type: 'PAGE_DATA', runs: encodeRuns(record.entries, ({ page }) => page !== null) };
    case 'X86_PV_P2M_FRAMES': {
      const { type, startPfn, endPfn, frames } = record;
      return { type, startPfn, endPfn, frames: wordsOf(frames) };
    }
    default:
      return record;
  }
}

function fromWire(record: WireRecord, pages: PageReader, where: string): StreamRecord {
  switch (record.type) {
    case 'PAGE_DATA':
      return { type: 'PAGE_DATA', entries: entriesOf(record, pages, where) };
    case 'X86_PV_P2M_FRAMES': {
      const { type, startPfn, endPfn } = record;
      return { type, startPfn, endPfn, frames: readWords(record.frames, where) };
    }
    default:
      return record;
  }
}

function entriesOf(record: Extract<WireRecord, { type: 'PAGE_DATA' }>, pages: PageReader, where: string): PageEntry[] {
  const entries: PageEntry[] = [];
  for (const { pfn, count, type, present } of readRuns(record.runs, BATCH_PAGES_MAX, where)) {
    for (let i = 0; i < count; i++) entries.push({ pfn: pfn + i, type, page: present ? pages.next() : null });
  }
  return entries;
}

/** Little-endian u64, below 2^52. */
function wordsOf(pfns: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(pfns.length * 8);
  const view = new DataView(bytes.buffer);
  pfns.forEach((pfn, index) => {
    view.setUint32(index * 8, pfn % 0x1_0000_0000, true);
    view.setUint32(index * 8 + 4, Math.floor(pfn / 0x1_0000_0000), true);
  });
  return bytes;
}

function readWords(bytes: Uint8Array, where: string): number[] {
  if (bytes.length % 8 !== 0) throw broken(where, `${bytes.length} bytes are no whole number of 64-bit words`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / 8 }, (_, index) => {
    const high = view.getUint32(index * 8 + 4, true);
    if (high > 0x000f_ffff) throw broken(where, `bits 63-52 of pfn word ${index} are not zero`);
    return high * 0x1_0000_0000 + view.getUint32(index * 8, true);
  });
}

/** Hands out the pages of a batch in order, and knows when there are too few or too many. */
class PageReader {
  readonly #pages: Uint8Array;
  readonly #where: string;
  #at = 0;

  constructor(pages: Uint8Array, where: string) {
    this.#pages = pages;
    this.#where = where;
  }

  next(): Uint8Array {
    const page = this.#pages.subarray(this.#at, this.#at + PAGE_SIZE);
    if (page.length !== PAGE_SIZE) {
      throw broken(this.#where, `page data ends after ${this.#pages.length} bytes, and more pages are due`);
    }
    this.#at += PAGE_SIZE;
    return page;
  }

  finish(): void {
    const left = this.#pages.length - this.#at;
    if (left !== 0) throw broken(this.#where, `${left} bytes of page data belong to no pfn`);
  }
}

function broken(where: string, what: string): SkewbedError {
  return new SkewbedError('stream-broken', `${where}: ${what}`, where);
}
