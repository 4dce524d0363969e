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
          { pfn: 0x1_0000_0001, type: PAGE_TYPE.NOTAB, page: null },
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
      '83',
      'a474797065',
      'a9504147455f44415441', // PAGE_DATA
      'a467666e73',
      'c410',
      '0200000000000010',
      '0100000001000000', // gfns
      'a770726573656e74',
      'c401',
      '01', // present: the first only
      '81',
      'a474797065',
      'a3454e44', // END
      'a57061676573',
      'c600001000', // pages: 4096 bytes
    ].join('');
    expect(hex.slice(0, head.length)).toBe(head);
    const tail = 'a8636865636b73756dcf';
    expect(hex.slice(head.length + 2 * PAGE_SIZE, -16)).toBe(tail);
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

  it('costs a zero page nine bytes and a bit, not 4096', () => {
    const entries = Array.from({ length: BATCH_PAGES_MAX }, (_, pfn) => ({ pfn, type: 0, page: null }));
    expect(encodeBatch(NAME, [{ type: 'PAGE_DATA', entries }], checksum).length).toBeLessThan(9 * BATCH_PAGES_MAX);
  });

  it('takes no more pages than the limit', () => {
    const entries = Array.from({ length: BATCH_PAGES_MAX + 1 }, (_, pfn) => ({ pfn, type: 0, page: null }));
    expect(() => encodeBatch(NAME, [{ type: 'PAGE_DATA', entries }], checksum)).toThrow(/257 pages/);
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

  const gfns = (...words: bigint[]) => {
    return new Uint8Array(BigUint64Array.from(words).buffer);
  };
  const pageData = (words: Uint8Array, present: number, pages = 0) =>
    forged({
      records: [{ type: 'PAGE_DATA', gfns: words, present: Uint8Array.of(present) }],
      pages: new Uint8Array(pages * PAGE_SIZE),
    });

  it('is the canary: the forger can also forge a sound one', () => {
    expect(opened(pageData(gfns(5n), 1, 1))).toEqual([
      { type: 'PAGE_DATA', entries: [{ pfn: 5, type: 0, page: page(0) }] },
    ]);
  });

  it.each([
    ['a page too few', pageData(gfns(0n, 1n), 3, 1), 'more pages are marked'],
    ['a page too many', pageData(gfns(0n), 0, 1), 'belong to no pfn'],
    ['half a pfn word', pageData(new Uint8Array(12), 0), 'no whole number'],
    ['bits 59-52 of a pfn word', pageData(gfns(1n << 52n), 0), 'bits 59-52'],
    ['a reserved page type', pageData(gfns(5n << 60n), 0), 'is reserved'],
    ['page data of a page that has none', pageData(gfns(0xfn << 60n), 1, 1), 'has page data'],
    ['a mark for no pfn', pageData(gfns(0n), 2, 1), 'mark 1 is set'],
    [
      'marks that do not match the pfns',
      forged({ records: [{ type: 'PAGE_DATA', gfns: gfns(0n), present: new Uint8Array(2) }] }),
      'bytes of marks',
    ],
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
