import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PTE } from './page-table-entry.ts';
import { localiseTable, normaliseTable } from './page-table-transfer.ts';
import { fillXenSlots, type Level } from './page-tables.ts';

/** A table with these entries, 64 bits each. */
function tableOf(entries: Readonly<Record<number, bigint>>): Uint8Array {
  const page = new Uint8Array(4096);
  for (const [slot, entry] of Object.entries(entries))
    new DataView(page.buffer).setBigUint64(Number(slot) * 8, entry, true);
  return page;
}
const entryOf = (page: Uint8Array, slot: number): bigint => new DataView(page.buffer).getBigUint64(slot * 8, true);
const NX = 1n << 63n;
/** Frames of this domain: mfn 0x100000 + n stands behind pfn n, below 64. */
const pfnOf = (mfn: number): number | null => (mfn >= 0x100000 && mfn < 0x100040 ? mfn - 0x100000 : null);
const mfnOf = (pfn: number): number | null => (pfn < 64 ? pfn + 0x900000 : null);
const normalised = (from: Uint8Array, level: Level): Uint8Array => {
  const into = new Uint8Array(4096);
  normaliseTable({ from, into, level, pfnOf });
  return into;
};

describe('a page table that leaves its host', () => {
  test('holds pfns where it held machine frames, with its flags', () => {
    const sent = normalised(tableOf({ 0: 0x100003067n, 511: NX | 0x100004_063n }), 1);
    expect(entryOf(sent, 0)).toBe(0x3067n);
    expect(entryOf(sent, 511)).toBe(NX | 0x4063n);
  });

  test('keeps what is not present as it is, whatever it looks like', () => {
    const sent = normalised(tableOf({ 9: 0xdead_beef_0000n, 10: NX | 0x80n }), 2);
    expect([entryOf(sent, 9), entryOf(sent, 10)]).toEqual([0xdead_beef_0000n, NX | 0x80n]);
  });

  test("leaves Xen's slots of an L4 behind, and only there", () => {
    const l4 = tableOf({ 272: 0x100001067n });
    fillXenSlots(l4, [0x777, 0x778]);
    expect(entryOf(l4, 257)).toBe(0x778063n);
    const sent = normalised(l4, 4);
    expect([entryOf(sent, 256), entryOf(sent, 257), entryOf(sent, 272)]).toEqual([0n, 0n, 0x1067n]);
    expect(() => normalised(l4, 3)).toThrow(expect.objectContaining({ code: 'foreign-frame' }));
  });

  test('names no frame of another domain', () => {
    expect(() => normalised(tableOf({ 17: 0x200000067n }), 1)).toThrow(
      expect.objectContaining({
        code: 'foreign-frame',
        message: expect.stringContaining('L1 table, entry 17: frame 0x200000'),
        where: 'L1 entry 17',
      }),
    );
  });

  test('has no superpages; the same bit in an L1 is PAT', () => {
    const table = tableOf({ 1: 0x1000000e7n });
    expect(() => normalised(table, 2)).toThrow(expect.objectContaining({ code: 'bad-page-table' }));
    expect(entryOf(normalised(table, 1), 1)).toBe(0xe7n);
  });
});

describe('a page table that arrives', () => {
  const localised = (from: Uint8Array, level: Level): Uint8Array => {
    const into = from.slice();
    localiseTable({ from: into, into, level, mfnOf });
    return into;
  };

  test("holds this host's frames", () => {
    expect(entryOf(localised(tableOf({ 3: NX | 0x5067n }), 1), 3)).toBe(NX | 0x900005067n);
  });

  test('maps nothing beyond the domain, nothing large, and nothing in the slots of Xen', () => {
    const bad = expect.objectContaining({ code: 'bad-page-table' });
    expect(() => localised(tableOf({ 3: 0x40067n }), 1)).toThrow(bad);
    expect(() => localised(tableOf({ 3: 0x50e7n }), 3)).toThrow(bad);
    expect(() => localised(tableOf({ 271: 0x5067n }), 4)).toThrow(bad);
    expect(entryOf(localised(tableOf({ 271: 0x5067n }), 3), 271)).toBe(0x900005067n);
  });

  test('any table that leaves and comes back to its host is the same', () => {
    const anyEntry = fc.tuple(fc.nat({ max: 511 }), fc.nat({ max: 63 }), fc.nat({ max: 0x7f }), fc.boolean());
    const anyTable = fc.array(anyEntry, { maxLength: 64 });
    fc.assert(
      fc.property(anyTable, fc.constantFrom<Level>(1, 2, 3), (entries, level) => {
        const table = tableOf(
          Object.fromEntries(
            entries.map(([slot, pfn, flags, nx]) => [
              slot,
              (nx ? NX : 0n) | (BigInt(0x100000 + pfn) << 12n) | BigInt(flags),
            ]),
          ),
        );
        const sent = normalised(table, level);
        for (const [slot, , flags] of entries) {
          if ((flags & PTE.present) !== 0 && (Number(entryOf(table, slot)) & PTE.present) !== 0) {
            expect((entryOf(sent, slot) & ~NX) >> 12n).toBeLessThan(64n);
          }
        }
        const back = new Uint8Array(4096);
        localiseTable({ from: sent, into: back, level, mfnOf: (pfn) => pfn + 0x100000 });
        expect(back).toEqual(table);
      }),
    );
  });
});
