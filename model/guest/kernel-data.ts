/**
 * A guest's variables as bytes in its own memory. When a guest suspends it writes them to its kernel data pages; the
 * guest that runs on the target is made from those pages and from nothing else, as a real one is. What a migration
 * loses or delivers stale is therefore lost or stale in the guest's clocks too.
 * Format (ours): u32 length, then JSON with bigint written as "#123".
 */
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { PAGE_SIZE } from '@skewbed/proto/records.ts';

/** Reads and writes a guest's pages by pfn. A page for writing is marked dirty. */
export interface GuestMemory {
  page(pfn: number): Uint8Array;
  pageForWrite(pfn: number): Uint8Array;
}

const HEADER_BYTES = 4;

/** Writes `value` over the pages; what was in them before is gone. */
export function writeKernelData(memory: GuestMemory, pfns: readonly number[], value: unknown): void {
  const text = JSON.stringify(value, (_, v: unknown) => (typeof v === 'bigint' ? `#${v}` : v));
  const body = new TextEncoder().encode(text);
  const room = pfns.length * PAGE_SIZE - HEADER_BYTES;
  if (body.length > room) {
    throw new SkewbedError(
      'limit-exceeded',
      `the guest's variables take ${body.length} bytes and ${room} are reserved: give it fewer timers`,
    );
  }
  const image = new Uint8Array(HEADER_BYTES + body.length);
  new DataView(image.buffer).setUint32(0, body.length, true);
  image.set(body, HEADER_BYTES);
  for (const [i, pfn] of pfns.entries()) {
    const part = image.subarray(i * PAGE_SIZE, (i + 1) * PAGE_SIZE);
    if (part.length === 0) break;
    memory.pageForWrite(pfn).set(part);
  }
}

/** Reads back what writeKernelData wrote. A damaged image is a 'memory-mismatch'. */
export function readKernelData(memory: GuestMemory, pfns: readonly number[]): unknown {
  const first = memory.page(pfns[0] as number);
  const length = new DataView(first.buffer, first.byteOffset).getUint32(0, true);
  if (length === 0 || length > pfns.length * PAGE_SIZE - HEADER_BYTES) {
    throw new SkewbedError(
      'memory-mismatch',
      `the guest's kernel data says that it is ${length} bytes long: its pages are lost or stale`,
    );
  }
  const image = new Uint8Array(HEADER_BYTES + length);
  for (let at = 0; at < image.length; at += PAGE_SIZE) {
    const page = memory.page(pfns[at / PAGE_SIZE] as number);
    image.set(page.subarray(0, Math.min(PAGE_SIZE, image.length - at)), at);
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(image.subarray(HEADER_BYTES)), revive);
  } catch {
    throw new SkewbedError(
      'memory-mismatch',
      "the guest's kernel data cannot be read: one of its pages is lost or stale",
    );
  }
}

const revive = (_: string, v: unknown): unknown =>
  typeof v === 'string' && /^#-?\d+$/.test(v) ? BigInt(v.slice(1)) : v;
