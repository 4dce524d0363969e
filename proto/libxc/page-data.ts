/**
 * The body of PAGE_DATA: u32 count, u32 reserved, a u64 for each page (bits 63-60 type, 59-52 zero, 51-0 pfn), then 4096
 * bytes for each page whose type carries data. An all-zero page is `null` in the record, and 4096 zeros in the file: a
 * real sender sends all-zero pages in full (facts/xen-lab.md section 2).
 */
import { SAVED_PAGES_MAX, SAVED_RECORD_PAGES_MAX } from '../limits.ts';
import { PAGE_SIZE, PAGE_TYPE, type PageEntry } from '../records.ts';
import type { Piece } from './byte-cursor.ts';

/** Whether a page of this type has its 4096 bytes in the file. */
export const carriesData = (type: number): boolean => type < PAGE_TYPE.BROKEN;

/** The entries of a body. Pages are views of it. */
export function readPageData(body: Piece): PageEntry[] {
  const count = body.u32(0);
  body.zero(4, 8, 'a reserved byte');
  if (count < 1 || count > SAVED_RECORD_PAGES_MAX) {
    body.fail(0, `it is said to have ${count} pages; a record has 1 to ${SAVED_RECORD_PAGES_MAX}`);
  }
  const firstPage = 8 + 8 * count;
  if (body.length < firstPage) {
    body.fail(0, `${count} pages need ${firstPage} bytes of words alone, and the body has ${body.length}`);
  }
  let at = firstPage;
  const entries: PageEntry[] = [];
  for (let index = 0; index < count; index++) {
    const { pfn, type } = readWord(body, 8 + 8 * index);
    if (!carriesData(type)) {
      entries.push({ pfn, type, page: null });
      continue;
    }
    const page = body.bytes.subarray(at, at + PAGE_SIZE);
    at += PAGE_SIZE;
    entries.push({ pfn, type, page: isZero(page) ? null : page });
  }
  if (at !== body.length) {
    body.fail(0, `${count} pages of these types are ${at} bytes, and the body has ${body.length}`);
  }
  return entries;
}

/** The body for these entries. */
export function pageDataBody(entries: readonly PageEntry[]): Uint8Array {
  const pages = entries.filter(({ type }) => carriesData(type)).length;
  const body = new Uint8Array(8 + 8 * entries.length + PAGE_SIZE * pages);
  const view = new DataView(body.buffer);
  view.setUint32(0, entries.length, true);
  let at = 8 + 8 * entries.length;
  entries.forEach(({ pfn, type, page }, index) => {
    view.setUint32(8 + 8 * index, pfn % 0x1_0000_0000, true);
    view.setUint32(12 + 8 * index, type * 0x1000_0000 + Math.floor(pfn / 0x1_0000_0000), true);
    if (!carriesData(type)) return;
    if (page !== null) body.set(page, at);
    at += PAGE_SIZE;
  });
  return body;
}

function readWord(body: Piece, at: number): { readonly pfn: number; readonly type: number } {
  const high = body.u32(at + 4);
  const type = high >>> 28;
  if ((high & 0x0ff0_0000) !== 0) body.fail(at, `bits 59-52 of the page's word are not zero`);
  const pfn = (high & 0x000f_ffff) * 0x1_0000_0000 + body.u32(at);
  if (pfn >= SAVED_PAGES_MAX) body.fail(at, `pfn ${pfn} is beyond the largest guest, of ${SAVED_PAGES_MAX} pages`);
  if (type > PAGE_TYPE.L4TAB && type < PAGE_TYPE.L1PINNED) {
    body.fail(at, `page type ${type} of pfn ${pfn} is reserved`);
  }
  return { pfn, type };
}

function isZero(page: Uint8Array): boolean {
  if (page.length < PAGE_SIZE) return false;
  const view = new DataView(page.buffer, page.byteOffset, PAGE_SIZE);
  for (let at = 0; at < PAGE_SIZE; at += 8) {
    if (view.getInt32(at) !== 0 || view.getInt32(at + 4) !== 0) return false;
  }
  return true;
}
