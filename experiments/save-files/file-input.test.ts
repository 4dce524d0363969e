/** Files on disk: read in pieces of any size, at any offset, and written whole or not at all. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { withOffsets, withSaveFile, writeSaveFile } from './file-input.ts';

const folder = mkdtempSync(join(tmpdir(), 'skewbed-files-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'bytes');
const bytes = Uint8Array.from({ length: 700_000 }, (_, at) => (at * 31 + (at >> 8)) & 0xff);
writeFileSync(path, bytes);

describe('a file', () => {
  it.each([1, 8, 4099, 262_144, 262_145, 700_000, 900_000])('is the same in reads of up to %i bytes', (most) => {
    const read = withSaveFile(path, (input) => {
      const parts: Uint8Array[] = [];
      // Small reads between large ones, as headers between pages; one byte at a time only at the front.
      for (let turn = 0; ; turn++) {
        const part = input.read(turn % 3 === 0 ? Math.min(most, 8) : Math.max(most, 2048));
        if (part.length === 0) return Buffer.concat(parts);
        parts.push(part);
      }
    });
    expect(read.equals(Buffer.from(bytes))).toBe(true);
  });

  it('gives nothing behind its end, again and again', () => {
    withSaveFile(path, (input) => {
      expect(input.read(1_000_000)).toHaveLength(700_000);
      expect([input.read(1), input.read(300_000)].map(({ length }) => length)).toEqual([0, 0]);
    });
  });

  it('is read at offsets', () => {
    withOffsets(path, (read) => {
      expect(read(500_000, 4)).toEqual(bytes.slice(500_000, 500_004));
      expect(read(699_999, 4)).toHaveLength(1);
    });
  });

  it('says which path cannot be read', () => {
    expect(() => withSaveFile(join(folder, 'none'), () => null)).toThrow(/none cannot be read \(ENOENT\)/);
    expect(() => withSaveFile(folder, (input) => input.read(1))).toThrow(/cannot be read \(EISDIR\)/);
  });
});

describe('writing', () => {
  it('gives the bytes, and leaves nothing when a chunk cannot be made', () => {
    expect(writeSaveFile(join(folder, 'out'), [bytes.subarray(0, 5), bytes.subarray(5, 9)])).toBe(9);
    expect(new Uint8Array(readFileSync(join(folder, 'out')))).toEqual(bytes.slice(0, 9));
    function* broken(): Generator<Uint8Array> {
      yield bytes;
      throw new Error('no more');
    }
    expect(() => writeSaveFile(join(folder, 'half'), broken())).toThrow('no more');
    expect(existsSync(join(folder, 'half'))).toBe(false);
    expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([]);
  });
});
