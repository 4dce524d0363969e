/**
 * What the model needs done to pages and cannot do fast by itself. The runtime gives an implementation (node:crypto,
 * native hashes); the model imports none.
 */
export interface PageOps {
  /** True when all 4096 bytes are zero. */
  isZero(page: Uint8Array): boolean;
  /**
   * Tells the runs of zero and of other pages of these bytes, in order: each by its first page and how many. Who has no
   * fast way leaves it out.
   */
  zeroRuns?(bytes: Uint8Array, tell: (first: number, count: number, zero: boolean) => void): void;
  /** A digest over chunks in order, as lower-case hex: sha256. A chunk is taken before the next one is asked for. */
  digest(chunks: Iterable<Uint8Array>): string;
}
