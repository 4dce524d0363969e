import { PAGE_SIZE } from '@skewbed/proto/records.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nodePageOps } from './page-ops.ts';

test('a page is zero when all of its bytes are', () => {
  const page = new Uint8Array(PAGE_SIZE);
  expect(nodePageOps.isZero(page)).toBe(true);
  for (const offset of [0, 1, 2047, PAGE_SIZE - 2, PAGE_SIZE - 1]) {
    page[offset] = 1;
    expect(nodePageOps.isZero(page), `byte ${offset}`).toBe(false);
    page[offset] = 0;
  }
  expect(
    nodePageOps.isZero(
      new Uint8Array(3 * PAGE_SIZE)
        .fill(1)
        .fill(0, PAGE_SIZE, 2 * PAGE_SIZE)
        .subarray(PAGE_SIZE, 2 * PAGE_SIZE),
    ),
  ).toBe(true);
});

test('a digest is sha256 over the chunks, however they are cut', () => {
  const bytes = new TextEncoder().encode('abc');
  const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
  expect(nodePageOps.digest([bytes])).toBe(abc);
  expect(nodePageOps.digest([bytes.subarray(0, 1), new Uint8Array(), bytes.subarray(1)])).toBe(abc);
});

test('runs of zero pages are those that isZero finds, page by page', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('zero', 'first', 'middle', 'last'), { maxLength: 40 }), (shapes) => {
      const bytes = new Uint8Array((shapes.length + 1) * PAGE_SIZE).subarray(PAGE_SIZE);
      const offset = { zero: null, first: 0, middle: 2049, last: PAGE_SIZE - 1 };
      shapes.forEach((shape, page) => {
        const at = offset[shape];
        if (at !== null) bytes[page * PAGE_SIZE + at] = 1;
      });
      const told: boolean[] = [];
      let runs = 0;
      nodePageOps.zeroRuns?.(bytes, (first, count, zero) => {
        expect(first).toBe(told.length);
        expect(zero).not.toBe(told.at(-1));
        told.push(...new Array<boolean>(count).fill(zero));
        runs++;
      });
      expect(told).toEqual(shapes.map((shape) => shape === 'zero'));
      expect(runs).toBeLessThanOrEqual(shapes.length);
    }),
  );
});

test('long runs of zero pages, which are looked at many at a time, end at the page which is not', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 150 })), { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 0, max: PAGE_SIZE - 1 }),
      (stretches, offset) => {
        const zeros = stretches.flatMap(([zero, count]) => new Array<boolean>(count).fill(zero));
        const bytes = new Uint8Array(zeros.length * PAGE_SIZE);
        zeros.forEach((zero, page) => {
          if (!zero) bytes[page * PAGE_SIZE + offset] = 1;
        });
        const told: boolean[] = [];
        nodePageOps.zeroRuns?.(bytes, (first, count, zero) => {
          expect(first).toBe(told.length);
          told.push(...new Array<boolean>(count).fill(zero));
        });
        expect(told).toEqual(zeros);
      },
    ),
    { numRuns: 60 },
  );
});
