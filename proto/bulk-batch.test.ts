/** Batches by runs are the same bytes as batches by records; heads are read as they come. */
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bulkBatch,
  checkTail,
  type MemoryRun,
  peekBatch,
  type RunningChecksum,
  readHead,
  runsOfBatch,
} from './bulk-batch.ts';
import { encode } from './codec.ts';
import { SkewbedError } from './errors.ts';
import { BATCH_PAGES_MAX } from './limits.ts';
import { PAGE_SIZE, type StreamRecord } from './records.ts';
import { encodeBatch } from './wire-records.ts';

const NAME = { migration: 'm', seq: 300 };
const checksum = (bytes: Uint8Array) => BigInt(crc32(bytes));

function running(): RunningChecksum {
  let sum = 0;
  return {
    update(bytes) {
      sum = crc32(bytes, sum);
    },
    value: () => BigInt(sum),
  };
}

const anyRuns: fc.Arbitrary<MemoryRun[]> = fc
  .array(
    fc.record({ gap: fc.integer({ min: 1, max: 9 }), count: fc.integer({ min: 1, max: 5 }), fill: fc.nat({ max: 3 }) }),
    {
      minLength: 1,
      maxLength: 12,
    },
  )
  .map((shapes) => {
    let pfn = 0;
    return shapes.map(({ gap, count, fill }) => {
      pfn += gap;
      const run = { pfn, count, type: 0, bytes: fill === 0 ? null : new Uint8Array(count * PAGE_SIZE).fill(fill) };
      pfn += count;
      return run;
    });
  });

const whole = (runs: readonly MemoryRun[]): Uint8Array => {
  const { parts, seal } = bulkBatch(NAME, runs, running());
  return new Uint8Array(Buffer.concat([...parts, seal(parts)]));
};

describe('a batch of runs', () => {
  it('is byte for byte the batch of its pages', () => {
    fc.assert(
      fc.property(anyRuns, (runs) => {
        const entries = runs.flatMap(({ pfn, count, type, bytes }) =>
          Array.from({ length: count }, (_, i) => {
            return {
              pfn: pfn + i,
              type,
              page: bytes === null ? null : bytes.subarray(i * PAGE_SIZE, (i + 1) * PAGE_SIZE),
            };
          }),
        );
        const records: StreamRecord[] = [{ type: 'PAGE_DATA', entries }];
        expect(Buffer.compare(whole(runs), encodeBatch(NAME, records, checksum))).toBe(0);
      }),
      { numRuns: 50 },
    );
  });

  it('is read by its head, as soon as that is whole and not before', () => {
    fc.assert(
      fc.property(anyRuns, (runs) => {
        const bytes = whole(runs);
        const read = readHead(bytes);
        if (read.head !== 'batch') throw new Error(read.head);
        expect(readHead(bytes.subarray(0, read.at)).head).toBe('batch');
        for (const less of [0, 1, 5, 20, read.at - 1])
          expect(readHead(bytes.subarray(0, less)).head).toBe('incomplete');
        const found = runsOfBatch(read.batch, read.pageBytes);
        expect(found).toEqual(runs.map(({ bytes: there, ...run }) => ({ ...run, present: there !== null })));
        const sum = running();
        const tailAt = read.at + read.pageBytes;
        sum.update(bytes.subarray(0, tailAt));
        checkTail(read.batch, bytes.subarray(tailAt), sum);
      }),
      { numRuns: 50 },
    );
  });

  it('tells who hands it on its name, before its records are there', () => {
    const bytes = whole([{ pfn: 1, count: 1, type: 0, bytes: null }]);
    expect(peekBatch(bytes.subarray(0, 10))).toBe('incomplete');
    const peeked = peekBatch(bytes.subarray(0, 60));
    expect(peeked).toEqual(
      new Map<string, unknown>([
        ['type', 'batch'],
        ['migration', 'm'],
        ['seq', 300],
      ]),
    );
  });

  it('is told from other messages by its first bytes', () => {
    const ack = encode({ type: 'ack', migration: 'm', seq: 3 });
    expect([readHead(ack).head, peekBatch(ack)]).toEqual(['other', 'other']);
  });

  it('takes no more pages than the limit', () => {
    const run = { pfn: 0, count: BATCH_PAGES_MAX + 1, type: 0, bytes: null };
    expect(() => bulkBatch(NAME, [run], running())).toThrow(expect.objectContaining({ code: 'limit-exceeded' }));
  });
});

describe('a batch that is not as it was sent', () => {
  const bytes = whole([{ pfn: 3, count: 2, type: 0, bytes: new Uint8Array(2 * PAGE_SIZE).fill(7) }]);

  /** All that a target does with it. */
  function take(message: Uint8Array): string {
    const read = readHead(message);
    if (read.head !== 'batch') return read.head;
    if (runsOfBatch(read.batch, read.pageBytes) === null) return 'not only pages';
    const sum = running();
    const tailAt = read.at + read.pageBytes;
    sum.update(message.subarray(0, tailAt));
    checkTail(read.batch, message.subarray(tailAt), sum);
    return 'taken';
  }

  it('is the canary: as it was sent it is taken', () => {
    expect(take(bytes)).toBe('taken');
  });

  it('is noticed whichever bit has changed', () => {
    fc.assert(
      fc.property(fc.nat({ max: bytes.length * 8 - 1 }), (bit) => {
        const changed = bytes.slice();
        changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
        let said: unknown;
        try {
          said = take(changed);
        } catch (error) {
          said = error;
        }
        // A message that is no batch any more, or an incomplete one, is gathered and decoded as a whole.
        expect(said === 'other' || said === 'incomplete' || said instanceof SkewbedError).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('and its pages are fewer or more than its runs say', () => {
    const read = readHead(bytes);
    if (read.head !== 'batch') throw new Error();
    expect(() => runsOfBatch(read.batch, PAGE_SIZE)).toThrow(/its runs are 8192 bytes, and 4096 are there/);
  });
});
