import { SkewbedError } from '@skewbed/proto/errors.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EXTENT_FRAMES, FIRST_MFN, MachineMemory } from './machine.ts';

const host = (frames: number, salt = 0): MachineMemory => new MachineMemory({ frames, salt });

describe('frames of a host', () => {
  test('are handed out once each, all of them, and none below the first megabyte', () => {
    const anySize = fc.oneof(
      fc.integer({ min: 1, max: 5_000 }),
      fc.constantFrom(1, 2, 1023, 1024, 1025, 3 * 1024 + 7, 4096),
    );
    fc.assert(
      fc.property(anySize, fc.integer(), (frames, salt) => {
        const mfns = host(frames, salt).allocate('guest', frames);
        expect(new Set(mfns).size).toBe(frames);
        expect(Math.min(...mfns)).toBe(FIRST_MFN);
        expect(Math.max(...mfns)).toBe(FIRST_MFN + frames - 1);
      }),
    );
  });

  test('are other ones on every host of another salt, page for page', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 20_000 }), fc.nat(), fc.nat(), (frames, saltA, saltB) => {
        fc.pre(saltA % frames !== saltB % frames);
        const a = host(frames, saltA).allocate('guest', frames);
        const b = host(frames, saltB).allocate('guest', frames);
        expect(a.every((mfn, pfn) => mfn !== b[pfn])).toBe(true);
      }),
    );
  });

  test('are no constant away from their pfns, so that adding one shows', () => {
    const distances = new Set(
      host(16_384, 3)
        .allocate('guest', 4_096)
        .map((mfn, pfn) => mfn - pfn),
    );
    expect(distances.size).toBeGreaterThan(1_000);
  });

  test('come from one extent before the next is begun', () => {
    const extentOf = (mfn: number): number => Math.floor((mfn - FIRST_MFN) / EXTENT_FRAMES);
    const extents = host(8 * EXTENT_FRAMES)
      .allocate('guest', 8 * EXTENT_FRAMES)
      .map(extentOf);
    for (let first = 0; first < extents.length; first += EXTENT_FRAMES) {
      expect(new Set(extents.slice(first, first + EXTENT_FRAMES)).size).toBe(1);
    }
  });

  test('run out with the numbers in the message, and then none is given', () => {
    const memory = host(1_024);
    memory.allocate('a', 1_000);
    expect(() => memory.allocate('b', 25)).toThrow(
      expect.objectContaining({
        code: 'out-of-memory',
        message: expect.stringContaining('b needs 25 frames (100 KiB) and 24 of 1024 are free (96 KiB)'),
      }),
    );
    expect([memory.free, memory.owned('a'), memory.owned('b')]).toEqual([24, 1_000, 0]);
    expect(memory.allocate('b', 24)).toHaveLength(24);
  });

  test('are asked for in sizes that exist', () => {
    expect(() => host(0)).toThrow(expect.objectContaining({ code: 'limit-exceeded' }));
    expect(() => host(2 ** 21)).toThrow(expect.objectContaining({ code: 'limit-exceeded' }));
    expect(() => host(8, 0.5)).toThrow(expect.objectContaining({ code: 'bad-argument' }));
    expect(() => host(8).allocate('a', -1)).toThrow(expect.objectContaining({ code: 'bad-argument' }));
  });
});

describe('who owns a frame', () => {
  test('only the owner gives it back, and once', () => {
    const memory = host(64);
    const [mfn] = memory.allocate('a', 1) as [number];
    memory.allocate('b', 1);
    expect(memory.ownerOf(mfn)).toBe('a');
    expect(() => memory.release('b', [mfn])).toThrow(
      expect.objectContaining({ code: 'crash', message: expect.stringContaining('belongs to a') }),
    );
    expect(() => memory.release('stranger', [mfn])).toThrow(expect.objectContaining({ code: 'crash' }));
    memory.release('a', [mfn]);
    expect(memory.ownerOf(mfn)).toBeNull();
    expect(() => memory.release('a', [mfn])).toThrow(
      expect.objectContaining({ code: 'crash', where: `mfn 0x${mfn.toString(16)}` }),
    );
    expect(() => memory.release('stranger', [mfn])).toThrow(expect.objectContaining({ code: 'crash' }));
    expect(memory.audit()).toEqual({ total: 64, free: 63, owned: 1, problems: [] });
  });

  test('whatever is allocated and released, every frame is free or owned by exactly one', () => {
    const anyStep = fc.record({
      owner: fc.constantFrom('a', 'b', 'c'),
      take: fc.nat({ max: 40 }),
      give: fc.nat({ max: 40 }),
    });
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 30 }), fc.integer(), (steps, salt) => {
        const memory = host(100, salt);
        const held = new Map<string, number[]>([
          ['a', []],
          ['b', []],
          ['c', []],
        ]);
        for (const { owner, take, give } of steps) {
          const mine = held.get(owner)!;
          try {
            mine.push(...memory.allocate(owner, take));
          } catch (error) {
            if (!(error instanceof SkewbedError) || error.code !== 'out-of-memory') throw error;
            expect(take).toBeGreaterThan(memory.free);
          }
          memory.release(owner, mine.splice(0, give));
        }
        const owned = [...held.values()].reduce((sum, mine) => sum + mine.length, 0);
        expect(memory.audit()).toEqual({ total: 100, free: 100 - owned, owned, problems: [] });
        for (const [owner, mine] of held) expect(mine.every((mfn) => memory.ownerOf(mfn) === owner)).toBe(true);
      }),
    );
  });
});

describe('the bytes of a frame', () => {
  test('are zeros until somebody writes, and then stay one page', () => {
    const memory = host(64);
    const [mfn, other] = memory.allocate('a', 2) as [number, number];
    expect(memory.isTouched(mfn)).toBe(false);
    expect(memory.page(mfn)).toBe(memory.page(other));
    memory.pageForWrite(mfn)[7] = 42;
    expect(memory.isTouched(mfn)).toBe(true);
    expect(memory.page(mfn)[7]).toBe(42);
    expect(memory.pageForWrite(mfn)).toBe(memory.page(mfn));
    expect(memory.page(other)[7]).toBe(0);
    memory.clearPage(mfn);
    expect([memory.isTouched(mfn), memory.page(mfn)[7]]).toEqual([false, 0]);
  });

  test('do not pass to the next owner', () => {
    const memory = host(1);
    const [mfn] = memory.allocate('a', 1) as [number];
    memory.pageForWrite(mfn).fill(0xff);
    memory.release('a', [mfn]);
    expect(memory.allocate('b', 1)).toEqual([mfn]);
    expect(memory.page(mfn).every((byte) => byte === 0)).toBe(true);
  });

  test('of a free frame cannot be written, those of no frame not even read', () => {
    const memory = host(8);
    expect(() => memory.pageForWrite(FIRST_MFN)).toThrow(expect.objectContaining({ code: 'crash' }));
    for (const mfn of [0, FIRST_MFN - 1, FIRST_MFN + 8, FIRST_MFN + 0.5]) {
      expect(() => memory.page(mfn)).toThrow(expect.objectContaining({ code: 'crash' }));
    }
  });

  test('that all untouched frames show were written: the audit tells', () => {
    const memory = host(8);
    const [mfn] = memory.allocate('a', 1) as [number];
    const shared = memory.page(mfn);
    shared[0] = 1;
    const { problems } = memory.audit();
    shared[0] = 0;
    expect(problems).toEqual(['the page of zeros that untouched frames show was written to']);
  });
});

describe('runs of frames', () => {
  const FILL = 7;

  test('that were handed out in one go lie in a row, whatever their numbers, up to the end of an extent', () => {
    for (const [frames, extent] of [
      [1_000, 64],
      [70_000, 1_024],
    ] as const) {
      const memory = host(frames, 5);
      const mfns = memory.allocate('a', 1_000);
      const run = memory.runForWrite((at) => mfns[at]!, 1_000);
      expect(run.count).toBe(Math.min(extent, 1_000));
      run.bytes.fill(FILL);
      for (const mfn of mfns.slice(0, run.count)) expect(memory.page(mfn).every((byte) => byte === FILL)).toBe(true);
      memory.pageForWrite(mfns[3]!)[0] = 1;
      expect(run.bytes[3 * 4096]).toBe(1);
    }
  });

  test('are read as long as they were all written, or all not', () => {
    const memory = host(70_000);
    const mfns = memory.allocate('a', 100);
    for (const at of [10, 11, 12]) memory.pageForWrite(mfns[at]!)[0] = at;
    const from = (first: number) => memory.run((at) => mfns[first + at]!, 100 - first);
    expect(from(0)).toEqual({ count: 10, bytes: null });
    expect(from(10).count).toBe(3);
    expect([0, 4096, 8192].map((offset) => from(10).bytes?.[offset])).toEqual([10, 11, 12]);
    expect(from(13)).toEqual({ count: 87, bytes: null });
    expect(memory.run((at) => mfns[10 + at]!, 2).count).toBe(2);
    expect(memory.run((at) => mfns[[10, 12][at]!]!, 2).count).toBe(1);
  });

  test('come back in a row when their guest is gone, without its bytes', () => {
    const memory = host(70_000);
    const mfns = memory.allocate('a', 200);
    memory.runForWrite((at) => mfns[at]!, 100).bytes.fill(FILL);
    const kept = memory.allocate('b', 1)[0]!;
    memory.pageForWrite(kept)[0] = 9;
    memory.release('a', mfns);
    expect(memory.allocate('c', 200)).toEqual(mfns);
    expect(memory.run((at) => mfns[at]!, 200)).toEqual({ count: 200, bytes: null });
    expect(memory.pageForWrite(mfns[5]!).every((byte) => byte === 0)).toBe(true);
    expect(memory.page(kept)[0]).toBe(9);
  });

  test('of free frames are not written', () => {
    expect(() => host(8).runForWrite((at) => FIRST_MFN + at, 8)).toThrow(expect.objectContaining({ code: 'crash' }));
  });
});
