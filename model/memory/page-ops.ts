/**
 * What the model needs done to pages and cannot do fast by itself. The runtime gives an implementation (node:crypto,
 * native hashes); the model imports none.
 */
export interface PageOps {
  /** True when all 4096 bytes are zero. */
  isZero(page: Uint8Array): boolean;
  /** A digest over chunks in order, as lower-case hex: sha256. */
  digest(chunks: Iterable<Uint8Array>): string;
}
