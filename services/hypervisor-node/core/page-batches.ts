/**
 * Batches of pages between a guest's memory and a stream socket, in both directions, without a copy of this process:
 * runs of pages leave from where they lie, and those that come land where they shall lie. What is not only pages goes
 * the way of every other message.
 */
import { bulkBatch, checkTail, type MemoryRun, readHead, runsOfBatch } from '@skewbed/proto/bulk-batch.ts';
import type { MessageOf } from '@skewbed/proto/control/registry.ts';
import type { PageRun } from '@skewbed/proto/page-runs.ts';
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

/** Sends a batch of pages; `left` is called when the memory is not looked at any more. Returns its bytes of pages. */
export function sendPages(channel: Channel, { name, runs, checksum, guest }: OutgoingPages, left: () => void): void {
  const batch = bulkBatch(name, runs, checksum.running());
  channel.sendParts({ ...batch, keep: guest === 'runs' ? 'copied' : 'until-left' }, left);
}

export type PagesTaker = {
  readonly checksum: Checksum;
  /** Whether it is this batch's turn, and where each present run goes. Throws to refuse it. */
  place(batch: MessageOf<'batch'>, runs: readonly PageRun[]): readonly Uint8Array[];
  /** The pages are there, and they are what was sent. */
  placed(batch: MessageOf<'batch'>, runs: readonly PageRun[]): void;
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
          taker.placed(batch, runs);
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
