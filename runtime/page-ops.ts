/**
 * The page operations that the model is given: node:crypto for digests, memcmp for zero pages. The same on every
 * testbed, so that a digest of a simulated run equals that of a real one.
 */
import { createHash } from 'node:crypto';
import type { PageOps } from '@skewbed/model/memory/page-ops.ts';
import { PAGE_SIZE } from '@skewbed/proto/records.ts';

const ZERO_PAGE = new Uint8Array(PAGE_SIZE);
/** Works on any Uint8Array, whatever its declaration says. */
const compare = Buffer.prototype.compare as (this: Uint8Array, ...args: Parameters<Buffer['compare']>) => number;

/** Zero pages in a row after which many are looked at together, and how many. */
const LEAP_AFTER = 8;
const LEAP_PAGES = 64;

/**
 * The page behind `page` up to which all are zero for sure; the one before it is. Memory is compared with itself, a page
 * back: what equals a zero page is one, and each byte is fetched once. Twice as fast as a call for each page.
 */
function leap(bytes: Uint8Array, page: number, pages: number): number {
  let at = page;
  while (at < pages) {
    const next = Math.min(pages, at + LEAP_PAGES);
    const [from, to] = [at * PAGE_SIZE, next * PAGE_SIZE];
    if (bytes[to - 1] !== 0 || compare.call(bytes, bytes, from - PAGE_SIZE, to - PAGE_SIZE, from, to) !== 0) break;
    at = next;
  }
  return at;
}

export const nodePageOps: PageOps = {
  isZero(page) {
    // Most pages that are not zero show it at once, and Buffer.compare has the price of a call into C++.
    if (page[0] !== 0 || page[PAGE_SIZE - 1] !== 0 || page.length !== PAGE_SIZE) return false;
    return Buffer.compare(page, ZERO_PAGE) === 0;
  },
  zeroRuns(bytes, tell) {
    const pages = bytes.length / PAGE_SIZE;
    let first = 0;
    let zero = false;
    for (let page = 0; page < pages; page++) {
      if (zero && page - first >= LEAP_AFTER) page = leap(bytes, page, pages);
      if (page === pages) break;
      const at = page * PAGE_SIZE;
      // No view is made for it: a guest whose every other page is zero has a run for each page.
      const isZero =
        bytes[at] === 0 &&
        bytes[at + PAGE_SIZE - 1] === 0 &&
        compare.call(bytes, ZERO_PAGE, 0, PAGE_SIZE, at, at + PAGE_SIZE) === 0;
      if (isZero === zero) continue;
      if (page > first) tell(first, page - first, zero);
      first = page;
      zero = isZero;
    }
    if (pages > first) tell(first, pages - first, zero);
  },
  digest(chunks) {
    const hash = createHash('sha256');
    for (const chunk of chunks) hash.update(chunk);
    return hash.digest('hex');
  },
};
