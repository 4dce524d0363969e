import { PAGE_TYPE } from '@skewbed/proto/records.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MachineMemory } from './machine.ts';
import { P2m } from './p2m.ts';
import { viewOf } from './p2m-list.ts';
import { PTE } from './page-table-entry.ts';
import {
  auditPageTables,
  buildPageTables,
  levelOf,
  PAGE_OFFSET,
  tablesFor,
  virtualAddressOf,
  walk,
} from './page-tables.ts';

/** A domain whose last pages are its page tables. */
function domainOf(pages: number, salt = 1) {
  const memory = new MachineMemory({ frames: pages + 100, salt });
  const p2m = new P2m(pages);
  memory.allocate('guest', pages).forEach((mfn, pfn) => {
    p2m.map(pfn, mfn);
  });
  const tablePfns = Array.from({ length: tablesFor(pages) }, (_, index) => pages - tablesFor(pages) + index);
  const readFrame = (mfn: number) => memory.page(mfn);
  const tables = buildPageTables({ pages, tablePfns, p2m, pageForWrite: (mfn) => memory.pageForWrite(mfn) });
  return { memory, p2m, tablePfns, tables, readFrame };
}

describe('the page tables of a guest', () => {
  test('are as many as the pages need', () => {
    expect([1, 512, 513, 4096, 512 * 512, 512 * 512 + 1].map(tablesFor)).toEqual([4, 4, 5, 11, 515, 517]);
  });

  test('map every page where Linux expects it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 4, max: 2_000 }), fc.nat(), (pages, salt) => {
        const { p2m, tables, readFrame } = domainOf(pages, salt);
        for (const [pfn, mfn] of p2m.entries()) {
          expect(walk(tables.cr3Mfn, virtualAddressOf(pfn), readFrame)?.mfn).toBe(mfn);
        }
        expect(auditPageTables({ cr3Mfn: tables.cr3Mfn, pages, p2m, readFrame })).toEqual([]);
      }),
      { numRuns: 20 },
    );
  });

  test('map nothing else', () => {
    const { tables, readFrame } = domainOf(600);
    for (const va of [
      0n,
      PAGE_OFFSET - 4096n,
      virtualAddressOf(600),
      virtualAddressOf(1024),
      virtualAddressOf(512 ** 3),
    ]) {
      expect(walk(tables.cr3Mfn, va, readFrame)).toBeNull();
    }
  });

  test('hold machine frames: the first entry of this L1 is these bytes', () => {
    const { memory, p2m } = domainOf(600);
    const l1 = memory.page(p2m.frameOf(600 - 2));
    const low = p2m.frameOf(0) * 4096 + (PTE.present | PTE.writable | PTE.user | PTE.accessed | PTE.dirty);
    expect(new DataView(l1.buffer, l1.byteOffset).getBigUint64(0, true)).toBe(BigInt(low));
  });

  test('are mapped read-only themselves, and everything else is writable', () => {
    const { tables, tablePfns, readFrame } = domainOf(600);
    const isWritable = (pfn: number): boolean =>
      ((walk(tables.cr3Mfn, virtualAddressOf(pfn), readFrame)?.flags ?? 0) & PTE.writable) !== 0;
    expect(tablePfns.map(isWritable)).toEqual([false, false, false, false, false]);
    expect([0, 1, 594].map(isWritable)).toEqual([true, true, true]);
  });

  test('are typed by level, the L4 as pinned', () => {
    const { tables } = domainOf(600);
    expect([...tables.types]).toEqual([
      [595, PAGE_TYPE.L4PINNED],
      [596, PAGE_TYPE.L3TAB],
      [597, PAGE_TYPE.L2TAB],
      [598, PAGE_TYPE.L1TAB],
      [599, PAGE_TYPE.L1TAB],
    ]);
    expect(tables.l4Pfn).toBe(595);
  });

  test('leave out pages that have no frame', () => {
    const memory = new MachineMemory({ frames: 100, salt: 1 });
    const p2m = new P2m(20);
    for (const pfn of [0, 2, 10, 11, 12, 13]) p2m.map(pfn, memory.allocate('guest', 1)[0]!);
    const pageForWrite = (mfn: number) => memory.pageForWrite(mfn);
    const { cr3Mfn } = buildPageTables({ pages: 20, tablePfns: [10, 11, 12, 13], p2m, pageForWrite });
    expect(walk(cr3Mfn, virtualAddressOf(1), pageForWrite)).toBeNull();
    expect(walk(cr3Mfn, virtualAddressOf(2), pageForWrite)?.mfn).toBe(p2m.frameOf(2));
  });

  test('need room', () => {
    const p2m = new P2m(20);
    const build = () =>
      buildPageTables({ pages: 20, tablePfns: [1, 2, 3], p2m, pageForWrite: () => new Uint8Array(4096) });
    expect(build).toThrow(
      expect.objectContaining({ code: 'crash', message: expect.stringContaining('20 pages need 4') }),
    );
  });
});

test('the audit sees one wrong entry, wherever it leads', () => {
  const { memory, p2m, tables, readFrame } = domainOf(600);
  const l1 = viewOf(memory.pageForWrite(p2m.frameOf(598)));
  l1.setBigUint64(5 * 8, l1.getBigUint64(6 * 8, true), true);
  l1.setUint32(7 * 8, 0, true);
  expect(auditPageTables({ cr3Mfn: tables.cr3Mfn, pages: 600, p2m, readFrame })).toEqual([
    `pfn 5 is mapped to frame 0x${p2m.frameOf(6).toString(16)}; its frame is 0x${p2m.frameOf(5).toString(16)}`,
    `pfn 7 is not mapped; its frame is 0x${p2m.frameOf(7).toString(16)}`,
  ]);
  // An L2 that leads out of the domain, even out of the host, hides the pages below it and breaks nothing.
  viewOf(memory.pageForWrite(p2m.frameOf(597))).setBigUint64(0, 0xfff_ffff_f007n, true);
  expect(auditPageTables({ cr3Mfn: tables.cr3Mfn, pages: 600, p2m, readFrame })).toHaveLength(64);
});

test('levels of the page types that PAGE_DATA knows', () => {
  const levels = Object.fromEntries(Object.entries(PAGE_TYPE).map(([name, type]) => [name, levelOf(type)]));
  expect(levels).toEqual({
    NOTAB: 0,
    L1TAB: 1,
    L2TAB: 2,
    L3TAB: 3,
    L4TAB: 4,
    L1PINNED: 1,
    L2PINNED: 2,
    L3PINNED: 3,
    L4PINNED: 4,
    BROKEN: 0,
    XALLOC: 0,
    XTAB: 0,
  });
});
