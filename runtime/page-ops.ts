/**
 * The page operations that the model is given: node:crypto for digests, memcmp for zero pages. The same on every
 * testbed, so that a digest of a simulated run equals that of a real one.
 */
import { createHash } from 'node:crypto';
import type { PageOps } from '@skewbed/model/memory/page-ops.ts';
import { PAGE_SIZE } from '@skewbed/proto/records.ts';

const ZERO_PAGE = new Uint8Array(PAGE_SIZE);

export const nodePageOps: PageOps = {
  isZero(page) {
    // Most pages that are not zero show it at once, and Buffer.compare has the price of a call into C++.
    if (page[0] !== 0 || page[PAGE_SIZE - 1] !== 0 || page.length !== PAGE_SIZE) return false;
    return Buffer.compare(page, ZERO_PAGE) === 0;
  },
  digest(chunks) {
    const hash = createHash('sha256');
    for (const chunk of chunks) hash.update(chunk);
    return hash.digest('hex');
  },
};
