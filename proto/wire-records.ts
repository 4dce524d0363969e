/**
 * A batch of stream records <-> one message. Pages of all PAGE_DATA stand in one field, so that a page is copied once on
 * the way out (guest memory -> message) and not at all on the way in (views of the message). The checksum is the last
 * field and its value the last eight bytes of the message: it covers every byte before them, and the whole is still
 * plain msgpack. pfn words are libxc's (facts D.4: bits 63-60 type, 59-52 zero, 51-0 pfn); zero pages are a clear bit.
 */
import type { MessageOf } from './control/registry.ts';
import type { WireRecord } from './control/stream.ts';
import { SkewbedError } from './errors.ts';
import { BATCH_PAGES_MAX, BATCH_RECORDS_MAX, MESSAGE_MAX_BYTES } from './limits.ts';
import { pack } from './msgpack.ts';
import { PAGE_SIZE, PAGE_TYPE, type PageEntry, type StreamRecord } from './records.ts';

/** The checksum that the two ends agreed on, as an unsigned 64-bit number. */
export type BatchChecksum = (bytes: Uint8Array) => bigint;

/** Which batch of which migration. */
export type BatchName = { readonly migration: string; readonly seq: number };

const FIXMAP_OF_SIX = 0x86;
const PAGES_KEY = [0xa5, 0x70, 0x61, 0x67, 0x65, 0x73]; // fixstr 'pages'
const CHECKSUM_KEY = [0xa8, 0x63, 0x68, 0x65, 0x63, 0x6b, 0x73, 0x75, 0x6d]; // fixstr 'checksum'
const BIN_32 = 0xc6;
const UINT_64 = 0xcf;
const CHECKSUM_BYTES = 8;

/** The message that carries these records. */
export function encodeBatch(name: BatchName, records: readonly StreamRecord[], checksum: BatchChecksum): Uint8Array {
  const pages = pagesOf(records);
  if (pages.count > BATCH_PAGES_MAX || records.length > BATCH_RECORDS_MAX) {
    throw new SkewbedError(
      'limit-exceeded',
      `batch ${name.seq} of migration ${name.migration}: ${pages.count} pages in ${records.length} records; at most ${BATCH_PAGES_MAX} in ${BATCH_RECORDS_MAX}`,
    );
  }
  // A map of four whose count is corrected below: the two fields that follow are written by hand, without a copy more.
  const head = pack({ type: 'batch', migration: name.migration, seq: name.seq, records: records.map(toWire) });
  const pageBytes = pages.present.length * PAGE_SIZE;
  const length = head.length + PAGES_KEY.length + 5 + pageBytes + CHECKSUM_KEY.length + 1 + CHECKSUM_BYTES;
  if (length > MESSAGE_MAX_BYTES) {
    throw new SkewbedError(
      'limit-exceeded',
      `batch ${name.seq} of migration ${name.migration}: ${length} bytes; at most ${MESSAGE_MAX_BYTES}`,
    );
  }
  const message = new Uint8Array(length);
  const view = new DataView(message.buffer);
  message.set(head);
  message[0] = FIXMAP_OF_SIX;
  let at = head.length;
  message.set(PAGES_KEY, at);
  at += PAGES_KEY.length;
  view.setUint8(at, BIN_32);
  view.setUint32(at + 1, pageBytes);
  at += 5;
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
      return { type: 'PAGE_DATA', gfns: wordsOf(record.entries), present: presentOf(record.entries) };
    case 'X86_PV_P2M_FRAMES': {
      const { type, startPfn, endPfn, frames } = record;
      return { type, startPfn, endPfn, frames: wordsOf(frames.map((pfn) => ({ pfn, type: PAGE_TYPE.NOTAB }))) };
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
      return { type, startPfn, endPfn, frames: readWords(record.frames, where).map((word) => word.pfn) };
    }
    default:
      return record;
  }
}

function entriesOf(record: Extract<WireRecord, { type: 'PAGE_DATA' }>, pages: PageReader, where: string): PageEntry[] {
  const words = readWords(record.gfns, where);
  if (record.present.length !== Math.ceil(words.length / 8)) {
    throw broken(
      where,
      `${words.length} pfns have ${record.present.length} bytes of marks; ${Math.ceil(words.length / 8)} are due`,
    );
  }
  for (let spare = words.length; spare < record.present.length * 8; spare++) {
    if (isPresent(record.present, spare)) throw broken(where, `mark ${spare} is set, there are ${words.length} pfns`);
  }
  return words.map(({ pfn, type }, index) => {
    if (type > PAGE_TYPE.L4TAB && type < PAGE_TYPE.L1PINNED)
      throw broken(where, `page type ${type} of pfn ${pfn} is reserved`);
    const present = isPresent(record.present, index);
    if (present && type >= PAGE_TYPE.BROKEN)
      throw broken(where, `pfn ${pfn} of type ${type} has page data; such a page has none`);
    return { pfn, type, page: present ? pages.next() : null };
  });
}

/** Little-endian u64: the type in bits 63-60, the pfn below 2^52. */
function wordsOf(entries: readonly { readonly pfn: number; readonly type: number }[]): Uint8Array {
  const bytes = new Uint8Array(entries.length * 8);
  const view = new DataView(bytes.buffer);
  entries.forEach(({ pfn, type }, index) => {
    view.setUint32(index * 8, pfn % 0x1_0000_0000, true);
    view.setUint32(index * 8 + 4, type * 0x1000_0000 + Math.floor(pfn / 0x1_0000_0000), true);
  });
  return bytes;
}

function readWords(bytes: Uint8Array, where: string): { readonly pfn: number; readonly type: number }[] {
  if (bytes.length % 8 !== 0) throw broken(where, `${bytes.length} bytes are no whole number of 64-bit words`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / 8 }, (_, index) => {
    const high = view.getUint32(index * 8 + 4, true);
    if ((high & 0x0ff0_0000) !== 0) throw broken(where, `bits 59-52 of pfn word ${index} are not zero`);
    return { pfn: (high & 0x000f_ffff) * 0x1_0000_0000 + view.getUint32(index * 8, true), type: high >>> 28 };
  });
}

function presentOf(entries: readonly PageEntry[]): Uint8Array {
  const marks = new Uint8Array(Math.ceil(entries.length / 8));
  entries.forEach(({ page }, index) => {
    if (page !== null) marks[index >> 3] = (marks[index >> 3] ?? 0) | (1 << (index & 7));
  });
  return marks;
}

function isPresent(marks: Uint8Array, index: number): boolean {
  return (((marks[index >> 3] ?? 0) >> (index & 7)) & 1) === 1;
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
      throw broken(this.#where, `page data ends after ${this.#pages.length} bytes, and more pages are marked`);
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
