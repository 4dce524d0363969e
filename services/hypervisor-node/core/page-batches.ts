/**
 * Batches of pages between a guest's memory and a stream socket, in both directions, without a copy of this process:
 * runs of pages leave from where they lie, and those that come land where they shall lie. What is not only pages goes
 * the way of every other message.
 */
import { bulkBatch, checkTail, type MemoryRun, readHead, runsOfBatch } from '@skewbed/proto/bulk-batch.ts';
import type { MessageOf } from '@skewbed/proto/control/registry.ts';
import type { PageRun } from '@skewbed/proto/page-runs.ts';
import { PAGE_SIZE, type PageEntry, type StreamRecord } from '@skewbed/proto/records.ts';
import type { BatchName } from '@skewbed/proto/wire-records.ts';
import type { Course } from '@skewbed/runtime/ports/bulk.ts';
import type { Checksum } from '@skewbed/runtime/ports/checksum.ts';
import type { Channel } from '@skewbed/runtime/ports/network.ts';

export type OutgoingPages = {
  readonly name: BatchName;
  readonly runs: readonly MemoryRun[];
  readonly checksum: Checksum;
  /** A guest that runs may write to its pages at any time: they are copied. Those of a stopped one stay as they are. */
  readonly guest: 'runs' | 'stopped';
};

/** Sends a batch of pages; `left` is called when the memory is not looked at any more. Returns the length of the message. */
export function sendPages(
  channel: Pick<Channel, 'sendParts'>,
  { name, runs, checksum, guest }: OutgoingPages,
  left: () => void,
): number {
  const batch = bulkBatch(name, runs, checksum.running());
  channel.sendParts({ ...batch, keep: guest === 'runs' ? 'copied' : 'until-left' }, left);
  return batch.bytes;
}

/** The pages of one record as runs of the memory in which they lie; null for records that are more than pages. */
export function runsOfRecords(records: readonly StreamRecord[]): MemoryRun[] | null {
  const [record, ...others] = records;
  if (record?.type !== 'PAGE_DATA' || others.length > 0) return null;
  const runs: MemoryRun[] = [];
  let open: { pfn: number; count: number; type: number; first: Uint8Array | null } | null = null;
  const close = (): void => {
    if (open === null) return;
    const { pfn, count, type, first } = open;
    const bytes = first === null ? null : new Uint8Array(first.buffer, first.byteOffset, count * PAGE_SIZE);
    runs.push({ pfn, count, type, bytes });
  };
  for (const { pfn, type, page } of record.entries) {
    const next: boolean = open !== null && open.pfn + open.count === pfn && open.type === type;
    if (open !== null && next && isBehind(open.first, page, open.count)) open.count++;
    else {
      close();
      open = { pfn, count: 1, type, first: page };
    }
  }
  close();
  return runs;
}

/** The pages of these runs as a record has them, each a view of its place. */
export function entriesAt(runs: readonly PageRun[], into: readonly Uint8Array[]): PageEntry[] {
  const entries: PageEntry[] = [];
  let place = 0;
  let offset = 0;
  for (const { pfn, count, type, present } of runs) {
    for (let i = 0; i < count; i++) {
      if (!present) {
        entries.push({ pfn: pfn + i, type, page: null });
        continue;
      }
      const view = into[place] as Uint8Array;
      entries.push({ pfn: pfn + i, type, page: view.subarray(offset, offset + PAGE_SIZE) });
      offset += PAGE_SIZE;
      if (offset < view.length) continue;
      place++;
      offset = 0;
    }
  }
  return entries;
}

/** Whether a page lies right behind `count` pages of which the first is this; zero pages lie nowhere. */
function isBehind(first: Uint8Array | null, page: Uint8Array | null, count: number): boolean {
  if (first === null || page === null) return first === page;
  return page.buffer === first.buffer && page.byteOffset === first.byteOffset + count * PAGE_SIZE;
}

export type PagesTaker = {
  readonly checksum: Checksum;
  /** Whether it is this batch's turn, and where each present run goes; null to gather it. Throws to refuse it. */
  place(batch: MessageOf<'batch'>, runs: readonly PageRun[]): readonly Uint8Array[] | null;
  /** The pages are there, in their places, and they are what was sent. */
  placed(batch: MessageOf<'batch'>, runs: readonly PageRun[], into: readonly Uint8Array[]): void;
  /** Something is wrong with the batch or with what place() and placed() did. */
  failed(thrown: unknown): void;
};

/** The course of a message that begins so: pages land in place, everything else is gathered. */
export function courseOfPages(beginning: Uint8Array, taker: PagesTaker): Course | null {
  try {
    const read = readHead(beginning);
    if (read.head === 'incomplete') return null;
    if (read.head === 'other') return { kind: 'gather' };
    const { batch, at } = read;
    const runs = runsOfBatch(batch, read.pageBytes);
    if (runs === null) return { kind: 'gather' };
    const into = taker.place(batch, runs);
    if (into === null) return { kind: 'gather' };
    const sum = taker.checksum.running();
    sum.update(beginning.subarray(0, at));
    return {
      kind: 'scatter',
      at,
      into,
      landed: (bytes) => sum.update(bytes),
      ended: ({ tail }) => {
        try {
          checkTail(batch, tail, sum);
          taker.placed(batch, runs, into);
        } catch (thrown) {
          taker.failed(thrown);
        }
      },
    };
  } catch (thrown) {
    taker.failed(thrown);
    return { kind: 'gather' };
  }
}
