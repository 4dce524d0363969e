import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { P2m } from './p2m.ts';

const crash = (message: string) =>
  expect.objectContaining({ code: 'crash', message: expect.stringContaining(message) });

describe('the p2m of a domain', () => {
  test('leads from page to frame and back', () => {
    const p2m = new P2m(8);
    p2m.map(3, 0x500);
    p2m.map(5, 0x400);
    expect([p2m.mfnOf(3), p2m.pfnOf(0x500), p2m.frameOf(5), p2m.populated]).toEqual([0x500, 3, 0x400, 2]);
    expect([p2m.mfnOf(4), p2m.mfnOf(8), p2m.mfnOf(-1), p2m.pfnOf(0x501)]).toEqual([null, null, null, null]);
    expect([...p2m.entries()]).toEqual([
      [3, 0x500],
      [5, 0x400],
    ]);
  });

  test('keeps a page and a frame for one use', () => {
    const p2m = new P2m(8);
    p2m.map(3, 0x500);
    expect(() => p2m.map(3, 0x501)).toThrow(crash('the page has frame 0x500'));
    expect(() => p2m.map(4, 0x500)).toThrow(crash('frame 0x500 stands behind pfn 3'));
    expect(() => p2m.map(8, 0x502)).toThrow(crash('pfns are 0 to 7'));
    expect(() => p2m.frameOf(4)).toThrow(crash('pfn 4 has no frame'));
    expect(p2m.unmap(3)).toBe(0x500);
    expect(() => p2m.unmap(3)).toThrow(crash('pfn 3 has no frame'));
    p2m.map(4, 0x500);
    expect(p2m.audit(() => true)).toEqual([]);
  });

  test('stays a bijection, whatever is mapped and unmapped', () => {
    const anyStep = fc.record({ pfn: fc.nat({ max: 15 }), mfn: fc.nat({ max: 15 }) });
    fc.assert(
      fc.property(fc.array(anyStep), (steps) => {
        const p2m = new P2m(16);
        const known = new Map<number, number>();
        for (const { pfn, mfn } of steps) {
          if (known.has(pfn)) {
            expect(p2m.unmap(pfn)).toBe(known.get(pfn));
            known.delete(pfn);
          } else if ([...known.values()].includes(mfn)) {
            expect(() => p2m.map(pfn, mfn)).toThrow(crash('stands behind'));
          } else {
            p2m.map(pfn, mfn);
            known.set(pfn, mfn);
          }
        }
        expect(new Map(p2m.entries())).toEqual(known);
        for (const [pfn, mfn] of known) expect(p2m.pfnOf(mfn)).toBe(pfn);
        expect(p2m.audit(() => true)).toEqual([]);
      }),
    );
  });

  test("the audit names a frame that is another's", () => {
    const p2m = new P2m(8);
    p2m.map(3, 0x500);
    p2m.map(4, 0x501);
    expect(p2m.audit((mfn) => mfn !== 0x501)).toEqual(['pfn 4 has frame 0x501, which belongs to another']);
  });
});
