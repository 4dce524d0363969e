/** Damage of every kind to a save file: refused with its place, or harmless, and never a crash. `npm run fuzz:save-files` does more. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { damaged, diceOf, fieldsOf, hold, holdByte } from './damage.ts';
import { FREE_FIELDS } from './header-fields.ts';
import { smallSaveBytes } from './small-save.ts';

const bytes = smallSaveBytes();
const fields = fieldsOf(bytes);

describe('a changed byte of a header or a length', () => {
  it('is refused with offset, record and reason, but in free fields', () => {
    const tally = { refused: 0, free: 0 };
    const dice = diceOf(1);
    for (const field of fields) {
      for (let at = field.offset; at < field.offset + field.length; at++) {
        const before = bytes[at]!;
        // Each bit alone, both ends, and values at random.
        const values = [
          ...Array.from({ length: 8 }, (_, bit) => before ^ (1 << bit)),
          0,
          0xff,
          ...Array.from({ length: 14 }, () => dice(256)),
        ];
        for (const value of values) if (value !== before) tally[holdByte(bytes, at, value, field)]++;
      }
    }
    expect(tally.refused).toBeGreaterThan(9_000);
    expect(tally.free).toBeGreaterThan(0);
  });

  it('has a field that exists for each free one, and the page of the format lists it', () => {
    const names = new Set(fields.map(({ name }) => name));
    const page = readFileSync('docs/save-files.md', 'utf8');
    for (const [name, why] of Object.entries(FREE_FIELDS)) {
      expect(names).toContain(name);
      expect(page).toContain(`| ${name} | ${why} |`);
    }
  });

  it('is noticed by this test when nobody refuses it', () => {
    const word = fields.find(({ name }) => name === 'domain header, xen_minor')!;
    expect(() => holdByte(bytes, word.offset, 18, { ...word, name: 'not free' })).toThrow('nobody noticed');
  });
});

describe('ten thousand damaged files', () => {
  it('are read or refused, within bounds, and written back as they were read', () => {
    const tally = { sound: 0, refused: 0 };
    for (let number = 0; number < 10_000; number++) tally[hold(damaged(bytes, fields, diceOf(number)))]++;
    expect(tally.refused).toBeGreaterThan(6_000);
    expect(tally.sound).toBeGreaterThan(0);
  }, 120_000);
});
