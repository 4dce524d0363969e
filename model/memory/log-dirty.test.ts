import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DirtyBitmap, LogDirty } from './log-dirty.ts';

describe('a dirty bitmap', () => {
  test('is a set of pfns, in rising order', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 99 })), fc.array(fc.nat({ max: 99 })), (pfns, others) => {
        const bitmap = new DirtyBitmap(100);
        const set = new Set<number>();
        for (const pfn of pfns) {
          expect(bitmap.add(pfn)).toBe(!set.has(pfn));
          set.add(pfn);
        }
        const other = new DirtyBitmap(100);
        for (const pfn of others) other.add(pfn);
        const copy = bitmap.copy();
        copy.addAll(other);
        expect([...copy.pfns()]).toEqual([...new Set([...pfns, ...others])].sort((a, b) => a - b));
        expect([...bitmap.pfns()]).toEqual([...set].sort((a, b) => a - b));
        expect(bitmap.count).toBe(set.size);
        for (let pfn = 0; pfn < 100; pfn++) expect(bitmap.has(pfn)).toBe(set.has(pfn));
      }),
    );
  });

  test('lies in words as Xen hands it out', () => {
    const bitmap = new DirtyBitmap(70);
    for (const pfn of [0, 31, 32, 69]) bitmap.add(pfn);
    expect([...bitmap.words]).toEqual([0x80000001, 1, 1 << 5]);
  });

  test.each([1, 31, 32, 33, 64, 100])('when full it holds all of %i pages and no more', (pages) => {
    expect([...DirtyBitmap.full(pages).pfns()]).toEqual(Array.from({ length: pages }, (_, pfn) => pfn));
    expect(DirtyBitmap.full(pages).count).toBe(pages);
  });

  test('takes no pfn beyond its pages', () => {
    for (const pfn of [70, 95, -1, Number.NaN]) {
      expect(() => new DirtyBitmap(70).add(pfn)).toThrow(expect.objectContaining({ code: 'crash' }));
    }
  });
});

describe('log-dirty', () => {
  const enabled = (pages = 64): LogDirty => {
    const log = new LogDirty(pages);
    log.enable();
    return log;
  };

  test('begins with nothing dirty', () => {
    const log = new LogDirty(64);
    log.mark(3, 'guest');
    log.enable();
    expect(log.clean()).toMatchObject({ dirtyCount: 0, faultCount: 0 });
  });

  test('is enabled once: a second time is an error, after OFF it is not', () => {
    const log = enabled();
    expect(() => log.enable()).toThrow(expect.objectContaining({ code: 'illegal-state' }));
    log.mark(3, 'guest');
    log.disable();
    log.disable();
    log.enable();
    expect([...log.clean().dirty.pfns()]).toEqual([]);
  });

  test('CLEAN tells and begins anew, PEEK only tells', () => {
    const log = enabled();
    log.mark(3, 'guest');
    log.mark(3, 'guest');
    log.mark(5, 'backend');
    expect([...log.peek().dirty.pfns()]).toEqual([3, 5]);
    expect(log.peek()).toMatchObject({ dirtyCount: 2, faultCount: 1 });
    expect([...log.clean().dirty.pfns()]).toEqual([3, 5]);
    expect(log.clean()).toMatchObject({ dirtyCount: 0, faultCount: 0 });
  });

  test('what CLEAN and PEEK handed out does not change any more', () => {
    const log = enabled();
    const { dirty } = log.peek();
    log.mark(3, 'guest');
    const cleaned = log.clean().dirty;
    log.mark(4, 'guest');
    expect([...dirty.pfns()]).toEqual([]);
    expect([...cleaned.pfns()]).toEqual([3]);
  });

  test('answers nothing while it is off', () => {
    const log = new LogDirty(64);
    for (const ask of [() => log.clean(), () => log.peek()]) {
      expect(ask).toThrow(expect.objectContaining({ code: 'illegal-state' }));
    }
  });

  test('a page that is written after it was copied is in the next CLEAN, whatever happens in between', () => {
    const anyStep = fc.oneof(
      { weight: 8, arbitrary: fc.record({ kind: fc.constant('write' as const), pfn: fc.nat({ max: 63 }) }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('clean' as const) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('peek' as const) }) },
    );
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 200 }), (steps) => {
        const log = enabled();
        const memory = new Uint32Array(64);
        const copy = new Uint32Array(64);
        let writes = 0;
        const send = (): void => {
          for (const pfn of log.clean().dirty.pfns()) copy[pfn] = memory[pfn]!;
        };
        for (const step of steps) {
          if (step.kind === 'write') {
            memory[step.pfn] = ++writes;
            log.mark(step.pfn, writes % 2 === 0 ? 'guest' : 'backend');
          } else if (step.kind === 'clean') send();
          else log.peek();
        }
        send();
        expect(copy).toEqual(memory);
      }),
    );
  });
});
