/**
 * Where in a save file each page lies: one number a pfn, in chunks that exist once a page in them came. A page that comes
 * again counts where it came last; what comes behind VERIFY is for comparing and does not count.
 */
import { RECORD_HEADER_BYTES } from '@skewbed/proto/libxc/format.ts';
import { carriesData } from '@skewbed/proto/libxc/page-data.ts';
import type { PlacedItem } from '@skewbed/proto/libxc/save-item.ts';
import { PAGE_SIZE } from '@skewbed/proto/records.ts';

const CHUNK_BITS = 16;
const CHUNK = 2 ** CHUNK_BITS;
const TYPES = 16;

export type PagePlace = { readonly type: number; readonly offset: number };

export class PagePlaces {
  readonly #chunks = new Map<number, Float64Array>();
  #verifying = false;
  /** One more than the largest pfn that came. */
  end = 0;

  take(item: PlacedItem): void {
    if (item.kind !== 'record') return;
    if (item.record.type === 'VERIFY') this.#verifying = true;
    if (item.record.type !== 'PAGE_DATA' || this.#verifying) return;
    const { entries } = item.record;
    let offset = item.offset + RECORD_HEADER_BYTES + 8 + 8 * entries.length;
    for (const { pfn, type } of entries) {
      this.#set(pfn, { type, offset });
      if (carriesData(type)) offset += PAGE_SIZE;
    }
  }

  /** Where a page lies, null when it did not come. */
  at(pfn: number): PagePlace | null {
    const packed = this.#chunks.get(pfn >>> CHUNK_BITS)?.[pfn & (CHUNK - 1)] ?? 0;
    return packed === 0 ? null : { type: packed % TYPES, offset: Math.floor(packed / TYPES) };
  }

  #set(pfn: number, { type, offset }: PagePlace): void {
    let chunk = this.#chunks.get(pfn >>> CHUNK_BITS);
    if (chunk === undefined) {
      chunk = new Float64Array(CHUNK);
      this.#chunks.set(pfn >>> CHUNK_BITS, chunk);
    }
    // Offsets are below 2^48, so that the sum is exact.
    chunk[pfn & (CHUNK - 1)] = offset * TYPES + type;
    this.end = Math.max(this.end, pfn + 1);
  }
}
