/** Pages between memories and a stream, without a copy: what leaves where it lies, and what lands where it shall lie. */
import type { MessageOf } from '@skewbed/proto/control/registry.ts';
import type { PageRun } from '@skewbed/proto/page-runs.ts';
import { PAGE_SIZE, PAGE_TYPE, type PageEntry } from '@skewbed/proto/records.ts';
import { encodeBatch } from '@skewbed/proto/wire-records.ts';
import { checksums } from '@skewbed/runtime/checksum.ts';
import { takeCourse } from '@skewbed/runtime/message-course.ts';
import type { Parts } from '@skewbed/runtime/ports/bulk.ts';
import type { Channel } from '@skewbed/runtime/ports/network.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { courseOfPages, entriesAt, type PagesTaker, runsOfRecords, sendPages } from '../core/page-batches.ts';
import { rehearse } from '../core/rehearsal.ts';

const checksum = checksums.named('crc32');
const NAME = { migration: 'm', seq: 0 };
const PAGES = 40;

/** Entries of a guest whose memory is one piece: some pages zero, some left out, some tables. */
const anyEntries = fc
  .array(fc.constantFrom('page', 'zero', 'none', 'table', 'elsewhere'), { minLength: 1, maxLength: PAGES })
  .filter((shapes) => shapes.some((shape) => shape !== 'none'))
  .map((shapes): PageEntry[] => {
    const memory = Uint8Array.from({ length: PAGES * PAGE_SIZE }, (_, i) => (i * 7 + (i >> 12)) & 0xff);
    return shapes.flatMap((shape, pfn): PageEntry[] => {
      const page = memory.subarray(pfn * PAGE_SIZE, (pfn + 1) * PAGE_SIZE);
      if (shape === 'none') return [];
      const type = shape === 'table' ? PAGE_TYPE.L1TAB : PAGE_TYPE.NOTAB;
      return [{ pfn, type, page: shape === 'zero' ? null : shape === 'elsewhere' ? page.slice() : page }];
    });
  });

/** The message that a channel is given. */
function sent(entries: PageEntry[]): Uint8Array {
  let message = new Uint8Array(0);
  const channel = {
    sendParts({ parts, seal }: Parts) {
      message = new Uint8Array(Buffer.concat([...parts, seal?.(parts) ?? new Uint8Array(0)]));
    },
  } as Partial<Channel> as Channel;
  const runs = runsOfRecords([{ type: 'PAGE_DATA', entries }]);
  const bytes = sendPages(channel, { name: NAME, runs: runs ?? [], checksum, guest: 'stopped' }, () => {});
  expect(bytes).toBe(message.length);
  return message;
}

/** What a taker hears of a message. */
function taken(message: Uint8Array, places: PagesTaker['place'] = (_batch, runs) => placesFor(runs)) {
  const heard: { entries: PageEntry[] | null; failed: unknown[]; gathered: number } = {
    entries: null,
    failed: [],
    gathered: 0,
  };
  const course = courseOfPages(message, {
    checksum,
    place: places,
    placed: (_batch, runs, into) => {
      heard.entries = entriesAt(runs, into);
    },
    failed: (thrown) => heard.failed.push(thrown),
  });
  const handler = { message: () => heard.gathered++, drained: () => {}, closed: () => {} };
  takeCourse(course, message, handler);
  return heard;
}

/** Places as a host has them: no longer than 8 pages each. */
function placesFor(runs: readonly PageRun[]): Uint8Array[] {
  return runs.flatMap(({ count, present }) => {
    const pieces: Uint8Array[] = [];
    for (let left = present ? count : 0; left > 0; left -= 8)
      pieces.push(new Uint8Array(Math.min(8, left) * PAGE_SIZE));
    return pieces;
  });
}

describe('pages that leave from where they lie', () => {
  it('are the same message as copies of them', () => {
    fc.assert(
      fc.property(anyEntries, (entries) => {
        const copied = encodeBatch(NAME, [{ type: 'PAGE_DATA', entries }], checksum.of);
        expect(Buffer.compare(sent(entries), copied)).toBe(0);
      }),
      { numRuns: 50 },
    );
  });

  it('are views of the memory, as long as that is in a row', () => {
    const memory = new Uint8Array(4 * PAGE_SIZE);
    const entries = [0, 1, 3].map((pfn) => {
      return { pfn, type: 0, page: memory.subarray(pfn * PAGE_SIZE, (pfn + 1) * PAGE_SIZE) };
    });
    const runs = runsOfRecords([{ type: 'PAGE_DATA', entries }]) ?? [];
    expect(runs.map(({ pfn, count }) => [pfn, count])).toEqual([
      [0, 2],
      [3, 1],
    ]);
    expect(runs.every(({ bytes }) => bytes?.buffer === memory.buffer)).toBe(true);
  });

  it('are pages alone: what stands beside other records is no such batch', () => {
    expect(runsOfRecords([{ type: 'PAGE_DATA', entries: [] }, { type: 'END' }])).toBeNull();
    expect(runsOfRecords([{ type: 'END' }])).toBeNull();
  });
});

describe('pages that land where they shall lie', () => {
  it('are those which were sent, each a view of its place', () => {
    fc.assert(
      fc.property(anyEntries, (entries) => {
        const { entries: got, failed } = taken(sent(entries));
        expect(failed).toEqual([]);
        expect(got).toEqual(entries);
      }),
      { numRuns: 50 },
    );
  });

  it('are gathered where there is no place for them, and told as a whole', () => {
    const message = sent([{ pfn: 1, type: 0, page: null }]);
    expect(taken(message, () => null)).toMatchObject({ entries: null, failed: [], gathered: 1 });
  });

  it('and are not what was sent fail at the checksum', () => {
    const message = sent([{ pfn: 1, type: 0, page: new Uint8Array(PAGE_SIZE).fill(9) }]);
    message[message.length - 2000] = 8;
    const { entries, failed } = taken(message);
    expect(entries).toBeNull();
    expect(failed).toEqual([
      expect.objectContaining({ code: 'stream-broken', message: expect.stringContaining('checksum') }),
    ]);
  });

  it('and whose turn it is not are refused before anything is placed', () => {
    const refuse = (batch: MessageOf<'batch'>): never => {
      throw new Error(`batch ${batch.seq} is not due`);
    };
    const { entries, failed } = taken(sent([{ pfn: 1, type: 0, page: null }]), refuse);
    expect([entries, failed]).toEqual([null, [new Error('batch 0 is not due')]]);
  });
});

it('a rehearsal takes the whole way: all of its pages arrive', () => {
  expect(rehearse(checksum, 2)).toBe(2 * 4);
});
