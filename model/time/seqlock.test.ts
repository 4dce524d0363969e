import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { READ_TRIES_MAX, readVersioned, writeVersioned } from './seqlock.ts';

const VERSION = 4;
const area = (version = 0): DataView => {
  const view = new DataView(new ArrayBuffer(16));
  view.setUint32(VERSION, version, true);
  return view;
};
const versionOf = (view: DataView): number => view.getUint32(VERSION, true);

describe('the version protocol', () => {
  test('the first write leaves version 2, and was odd meanwhile', () => {
    const view = area();
    const during: number[] = [];
    expect(writeVersioned(view, VERSION, () => during.push(versionOf(view)))).toBe(2);
    expect(during).toEqual([1]);
  });

  test('an odd version out of a save file is repaired by the next write', () => {
    const view = area(7);
    expect(() => readVersioned(view, VERSION, () => 0)).toThrow(
      expect.objectContaining({
        code: 'illegal-state',
        message: expect.stringContaining('version 7 at offset 0x4 was odd'),
      }),
    );
    const during: number[] = [];
    expect(writeVersioned(view, VERSION, () => during.push(versionOf(view)))).toBe(10);
    expect(during).toEqual([9]);
    expect(readVersioned(view, VERSION, (version) => version)).toBe(10);
  });

  test('the version wraps at 32 bits', () => {
    const view = area(0xfffffffe);
    expect(writeVersioned(view, VERSION, () => {})).toBe(0);
    const odd = area(0xffffffff);
    expect(writeVersioned(odd, VERSION, () => {})).toBe(2);
  });

  test('a reader never returns fields of two writes', () => {
    fc.assert(
      fc.property(fc.nat({ max: READ_TRIES_MAX - 2 }), (interruptions) => {
        const view = area();
        const write = (value: number): void => {
          writeVersioned(view, VERSION, () => {
            view.setUint32(8, value, true);
            view.setUint32(12, value, true);
          });
        };
        write(1);
        let writes = 0;
        const [first, second] = readVersioned(view, VERSION, () => {
          const one = view.getUint32(8, true);
          if (writes++ < interruptions) write(writes + 1);
          return [one, view.getUint32(12, true)];
        });
        expect(first).toBe(second);
        expect(first).toBe(interruptions + 1);
      }),
    );
  });

  test('a reader that is interrupted each time gives up', () => {
    const view = area();
    let tries = 0;
    const read = (): number => readVersioned(view, VERSION, () => writeVersioned(view, VERSION, () => tries++));
    expect(read).toThrow(
      expect.objectContaining({ code: 'illegal-state', message: expect.stringContaining('changed during') }),
    );
    expect(tries).toBe(READ_TRIES_MAX);
  });
});
