import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decode } from './codec.ts';
import { SkewbedError } from './errors.ts';
import { BATCH_PAGES_MAX } from './limits.ts';
import { pack } from './msgpack.ts';
import { PAGE_SIZE, PAGE_TYPE, type PageEntry, type StreamRecord } from './records.ts';
import { encodeBatch, openBatch } from './wire-records.ts';

const checksum = (bytes: Uint8Array) => BigInt(crc32(bytes));
const NAME = { migration: 'm', seq: 3 };
const page = (fill: number) => new Uint8Array(PAGE_SIZE).fill(fill);

function opened(bytes: Uint8Array): StreamRecord[] {
  const message = decode(bytes, 'stream');
  if (message.type !== 'batch') throw new Error(message.type);
  return openBatch(message, bytes, checksum);
}

/** A batch as a peer without manners would send it: any fields, and a checksum that is right. */
function forged(fields: { readonly records: unknown; readonly pages?: Uint8Array }): Uint8Array {
  const bytes = pack({
    type: 'batch',
    migration: 'm',
    seq: 3,
    pages: page(0).subarray(0, 0),
    ...fields,
    checksum: 2n ** 64n - 1n,
  }).slice();
  new DataView(bytes.buffer, bytes.byteOffset).setBigUint64(bytes.length - 8, checksum(bytes.subarray(0, -8)));
  return bytes;
}

describe('a batch on the wire', () => {
  it('is plain msgpack: records, pages in one field, the checksum as the last eight bytes', () => {
    const records: StreamRecord[] = [
      {
        type: 'PAGE_DATA',
        entries: [
          { pfn: 2, type: PAGE_TYPE.L1TAB, page: page(0xaa) },
          { pfn: 3, type: PAGE_TYPE.L1TAB, page: page(0xbb) },
          { pfn: 0x1_0000_0001, type: PAGE_TYPE.NOTAB, page: null },
          { pfn: 0x1_0000_0002, type: PAGE_TYPE.NOTAB, page: page(0xcc) },
        ],
      },
      { type: 'END' },
    ];
    const bytes = encodeBatch(NAME, records, checksum);
    const hex = Buffer.from(bytes).toString('hex');
    const head = [
      '86',
      'a474797065',
      'a56261746368', // type: batch
      'a96d6967726174696f6e',
      'a16d', // migration: m
      'a3736571',
      '03', // seq: 3
      'a77265636f726473',
      '92', // records: two
      '82',
      'a474797065',
      'a9504147455f44415441', // PAGE_DATA
      'a472756e73',
      'c430', // runs: three of 16 bytes
      '02000000000000100200000000000000', // type 1, pfn 2, two pages that follow
      '01000000010000000100000001000000', // pfn 0x100000001, one page, zero
      '02000000010000000100000000000000', // pfn 0x100000002, one page that follows
      '81',
      'a474797065',
      'a3454e44', // END
      'a57061676573',
      'c600003000', // pages: 12288 bytes
    ].join('');
    expect(hex.slice(0, head.length)).toBe(head);
    const tail = 'a8636865636b73756dcf';
    expect(hex.slice(head.length + 6 * PAGE_SIZE, -16)).toBe(tail);
    expect(BigInt(`0x${hex.slice(-16)}`)).toBe(checksum(bytes.subarray(0, -8)));
    expect(opened(bytes)).toEqual(records);
  });

  it('gives back every record as it was', () => {
    fc.assert(
      fc.property(fc.array(anyRecord(), { minLength: 1, maxLength: 8 }), (records) => {
        expect(opened(encodeBatch(NAME, records, checksum))).toEqual(records);
      }),
      { numRuns: 200 },
    );
  });

  it('hands out pages as views of the message', () => {
    const bytes = encodeBatch(NAME, [{ type: 'PAGE_DATA', entries: [{ pfn: 0, type: 0, page: page(1) }] }], checksum);
    const [record] = opened(bytes);
    if (record?.type !== 'PAGE_DATA') throw new Error();
    expect(record.entries[0]?.page?.buffer).toBe(bytes.buffer);
  });

  it('costs a run of zero pages sixteen bytes, however long it is', () => {
    const zeros = (count: number) => ({
      type: 'PAGE_DATA' as const,
      entries: Array.from({ length: count }, (_, pfn) => ({ pfn, type: 0, page: null })),
    });
    const [one, all] = [1, BATCH_PAGES_MAX].map((count) => encodeBatch(NAME, [zeros(count)], checksum).length);
    expect(all).toBe(one);
  });

  it('takes no more pages than the limit', () => {
    const entries = Array.from({ length: BATCH_PAGES_MAX + 1 }, (_, pfn) => ({ pfn, type: 0, page: null }));
    expect(() => encodeBatch(NAME, [{ type: 'PAGE_DATA', entries }], checksum)).toThrow(`${BATCH_PAGES_MAX + 1} pages`);
  });
});

describe('a batch that is not as it was sent', () => {
  it('is noticed whichever bit has changed', () => {
    const bytes = encodeBatch(NAME, [{ type: 'SHARED_INFO', page: page(9) }, { type: 'END' }], checksum);
    fc.assert(
      fc.property(fc.nat({ max: bytes.length * 8 - 1 }), (bit) => {
        const changed = bytes.slice();
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(() => opened(changed)).toThrow(SkewbedError);
      }),
      { numRuns: 300 },
    );
  });

  type Run = { readonly word: bigint; readonly count?: number; readonly kind?: number };
  const runs = (...each: readonly Run[]): Uint8Array => {
    const bytes = new Uint8Array(each.length * 16);
    const view = new DataView(bytes.buffer);
    each.forEach(({ word, count = 1, kind = 0 }, index) => {
      view.setBigUint64(index * 16, word, true);
      view.setUint32(index * 16 + 8, count, true);
      view.setUint32(index * 16 + 12, kind, true);
    });
    return bytes;
  };
  const pageData = (bytes: Uint8Array, pages = 0) =>
    forged({ records: [{ type: 'PAGE_DATA', runs: bytes }], pages: new Uint8Array(pages * PAGE_SIZE) });

  it('is the canary: the forger can also forge a sound one', () => {
    expect(opened(pageData(runs({ word: 5n }), 1))).toEqual([
      { type: 'PAGE_DATA', entries: [{ pfn: 5, type: 0, page: page(0) }] },
    ]);
  });

  it.each([
    ['a page too few', pageData(runs({ word: 0n, count: 2 }), 1), 'more pages are due'],
    ['a page too many', pageData(runs({ word: 0n, kind: 1 }), 1), 'belong to no pfn'],
    ['half a run', pageData(new Uint8Array(24)), 'no whole number'],
    ['bits 59-52 of a pfn word', pageData(runs({ word: 1n << 52n, kind: 1 })), 'bits 59-52'],
    ['a reserved page type', pageData(runs({ word: 5n << 60n, kind: 1 })), 'is reserved'],
    ['page data of a page that has none', pageData(runs({ word: 0xfn << 60n }), 1), 'has page data'],
    ['a run of nothing', pageData(runs({ word: 0n, count: 0 })), 'has 0 pages'],
    ['a kind that nobody knows', pageData(runs({ word: 0n, kind: 2 })), 'is of kind 2'],
    ['a run beyond all pfns', pageData(runs({ word: (1n << 52n) - 1n, count: 2, kind: 1 })), 'leaves the 52 bits'],
    [
      'more pages than fit',
      pageData(runs({ word: 0n, count: BATCH_PAGES_MAX, kind: 1 }, { word: 0n, kind: 1 })),
      'fit in a batch',
    ],
    ['four thousand million pages', pageData(runs({ word: 0n, count: 0xffff_ffff, kind: 1 })), 'fit in a batch'],
  ])('is refused for %s', (_what, bytes, message) => {
    expect(() => opened(bytes)).toThrow(message);
  });
});

function anyRecord(): fc.Arbitrary<StreamRecord> {
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
  const entry: fc.Arbitrary<PageEntry> = fc.oneof(
    fc.record({
      pfn: fc.nat({ max: 2 ** 40 }),
      type: fc.constantFrom(0, 1, 4, 9, 12),
      page: fc.constantFrom(null, page(3), page(255)),
    }),
    fc.record({ pfn: fc.nat(), type: fc.constantFrom(13, 14, 15), page: fc.constant(null) }),
  );
  return fc.oneof<fc.Arbitrary<StreamRecord>[]>(
    fc.constant({ type: 'X86_PV_INFO', guestWidth: 8, ptLevels: 4 }),
    fc.constant({ type: 'STATIC_DATA_END' }),
    fc.record({
      type: fc.constant('X86_PV_P2M_FRAMES' as const),
      startPfn: fc.constant(0),
      endPfn: fc.nat({ max: 1000 }),
      frames: fc.array(fc.nat(), { maxLength: 20 }),
    }),
    fc.record({ type: fc.constant('PAGE_DATA' as const), entries: fc.array(entry, { minLength: 1, maxLength: 20 }) }),
    fc.record({ type: fc.constant('SHARED_INFO' as const), page: bytes(PAGE_SIZE) }),
    fc.record({ type: fc.constant('X86_PV_VCPU_BASIC' as const), vcpuId: fc.nat({ max: 31 }), context: bytes(5168) }),
    fc.record({ type: fc.constant('SKEWBED_SYSTEM_TIME' as const), suspendedSystemTimeNs: fc.bigInt(0n, 2n ** 63n) }),
    fc.constant({ type: 'END' }),
  );
}
