/**
 * The page operations that the model is given: node:crypto for digests, memcmp for zero pages. The same on every
 * testbed, so that a digest of a simulated run equals that of a real one.
 */
import { createHash } from 'node:crypto';
import type { PageOps } from '@skewbed/model/memory/page-ops.ts';
import { PAGE_SIZE } from '@skewbed/proto/records.ts';

const WORDS_PER_PAGE = PAGE_SIZE / 4;
const ZERO_PAGE = new Uint8Array(PAGE_SIZE);

export const nodePageOps: PageOps = {
  isZero(page) {
    // Most pages that are not zero show it at once, and Buffer.compare has the price of a call into C++.
    if (page[0] !== 0 || page[PAGE_SIZE - 1] !== 0 || page.length !== PAGE_SIZE) return false;
    return Buffer.compare(page, ZERO_PAGE) === 0;
  },
  zeroRuns(bytes, tell) {
    const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
    const pages = bytes.length / PAGE_SIZE;
    let first = 0;
    let zero = false;
    for (let page = 0; page < pages; page++) {
      const word = page * WORDS_PER_PAGE;
      const at = page * PAGE_SIZE;
      const isZero =
        words[word] === 0 &&
        words[word + WORDS_PER_PAGE - 1] === 0 &&
        whole.compare(ZERO_PAGE, 0, PAGE_SIZE, at, at + PAGE_SIZE) === 0;
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
