/** One small number for each pfn, in chunks that exist once something in them is marked. */
import { SAVED_PAGES_MAX } from '@skewbed/proto/limits.ts';

const CHUNK_BITS = 16;
const CHUNK = 2 ** CHUNK_BITS;

export class PfnMarks {
  readonly #chunks = new Map<number, Uint8Array>();

  /** The mark of a pfn, 0 when it has none. */
  get(pfn: number): number {
    return this.#chunks.get(pfn >>> CHUNK_BITS)?.[pfn & (CHUNK - 1)] ?? 0;
  }

  set(pfn: number, mark: number): void {
    if (pfn >= SAVED_PAGES_MAX) return;
    let chunk = this.#chunks.get(pfn >>> CHUNK_BITS);
    if (chunk === undefined) {
      chunk = new Uint8Array(CHUNK);
      this.#chunks.set(pfn >>> CHUNK_BITS, chunk);
    }
    chunk[pfn & (CHUNK - 1)] = mark;
  }
}
