/**
 * Goes through the way of a batch once more than needed, before a guest stands still for it: what is compiled at first
 * use (validators, codecs, machine code of the loops) is then compiled. A first batch in a fresh process takes ten times
 * as long as the hundredth, and the last pass of a migration may well be a node's first.
 */
import { decode, encode } from '@skewbed/proto/codec.ts';
import { PAGE_SIZE, PAGE_TYPE, type PageEntry } from '@skewbed/proto/records.ts';
import { encodeBatch, openBatch } from '@skewbed/proto/wire-records.ts';
import type { Parts } from '@skewbed/runtime/ports/bulk.ts';
import type { Checksum } from '@skewbed/runtime/ports/checksum.ts';
import type { Channel } from '@skewbed/runtime/ports/network.ts';
import { courseOfPages, entriesAt, runsOfRecords, sendPages } from './page-batches.ts';

const NAME = { migration: 'rehearsal', seq: 0 };
/** 16 KiB a turn: three hundred turns take some 10 ms, and leave 5 MiB behind for the garbage collector. */
const PAGES = 4;
const TURNS = 300;

/** Sends and takes batches between two pieces of memory. Returns how many pages arrived. */
export function rehearse(checksum: Checksum, turns: number = TURNS): number {
  const memory = new Uint8Array(PAGES * PAGE_SIZE).fill(1);
  const entries: PageEntry[] = Array.from({ length: PAGES }, (_, pfn) => {
    const page = memory.subarray(pfn * PAGE_SIZE, (pfn + 1) * PAGE_SIZE);
    return { pfn, type: PAGE_TYPE.NOTAB, page: pfn % 4 === 3 ? null : page };
  });
  let arrived = 0;
  for (let turn = 0; turn < turns; turn++) {
    arrived += inPlace(entries, checksum);
    const copied = encodeBatch(NAME, [{ type: 'PAGE_DATA', entries }], checksum.of);
    const message = decode(copied, 'stream');
    if (message.type === 'batch') openBatch(message, copied, checksum.of);
    decode(encode({ type: 'ack', migration: NAME.migration, seq: turn }), 'stream');
  }
  return arrived;
}

function inPlace(entries: readonly PageEntry[], checksum: Checksum): number {
  let arrived = 0;
  const channel: Pick<Channel, 'sendParts'> = {
    sendParts({ parts, seal }: Parts) {
      const head = parts[0] as Uint8Array;
      const course = courseOfPages(head, {
        checksum,
        place: () => parts.slice(1),
        placed: (_batch, runs, into) => {
          arrived += entriesAt(runs, into).length;
        },
        failed: (thrown) => {
          throw thrown;
        },
      });
      if (course?.kind !== 'scatter') return;
      for (const part of parts.slice(1)) course.landed(part);
      course.ended({ head, tail: seal?.(parts) ?? new Uint8Array(0), missing: 0 });
    },
  };
  const runs = runsOfRecords([{ type: 'PAGE_DATA', entries }]) ?? [];
  sendPages(channel, { name: NAME, runs, checksum, guest: 'stopped' }, () => {});
  return arrived;
}
