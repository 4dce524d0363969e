import { describe, expect, test } from 'vitest';
import { checksums, checksumsOf } from './checksum.ts';

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('checksums of a batch', () => {
  test('crc32 is that of zlib: 123456789 gives cbf43926', () => {
    expect(checksums.named('crc32').of(ascii('123456789'))).toBe(0xcbf43926n);
  });

  test('xxh64 is that of the reference: nothing gives ef46db3751d8e999, abc gives 44bc2cf5ad770999', () => {
    expect(checksums.named('xxh64').of(new Uint8Array())).toBe(0xef46db3751d8e999n);
    expect(checksums.named('xxh64').of(ascii('abc'))).toBe(0x44bc2cf5ad770999n);
  });

  test('xxh3 is that of the reference: nothing gives 2d06800538d394c2, abc gives 78af5f94892f3950', () => {
    expect(checksums.named('xxh3').of(new Uint8Array())).toBe(0x2d06800538d394c2n);
    expect(checksums.named('xxh3').of(ascii('abc'))).toBe(0x78af5f94892f3950n);
  });

  test('bytes that come piece by piece give what they give at once, and another byte gives something else', () => {
    const bytes = Uint8Array.from({ length: 5000 }, (_, i) => i * 31);
    const changed = Uint8Array.from(bytes, (byte, i) => (i === 4567 ? byte ^ 1 : byte));
    for (const name of checksums.names) {
      const running = checksums.named(name).running();
      for (const [from, to] of [
        [0, 3],
        [3, 240],
        [240, 1025],
        [1025, 5000],
      ] as const)
        running.update(bytes.subarray(from, to));
      expect(running.value(), name).toBe(checksums.named(name).of(bytes));
      expect(checksums.named(name).of(changed), name).not.toBe(checksums.named(name).of(bytes));
    }
  });

  test('sums that run side by side, and one after the other, do not mix', () => {
    for (const name of checksums.names) {
      const { of, running } = checksums.named(name);
      const [one, other] = [running(), running()];
      one.update(ascii('1234'));
      other.update(ascii('abc'));
      one.update(ascii('56789'));
      expect(one.value(), name).toBe(of(ascii('123456789')));
      expect(one.value(), 'asked again').toBe(of(ascii('123456789')));
      expect(running().value(), 'of nothing').toBe(of(new Uint8Array()));
      expect(other.value(), name).toBe(of(ascii('abc')));
    }
  });

  test('a sum that was asked for takes no more bytes', () => {
    const sum = checksums.named('xxh3').running();
    sum.value();
    expect(() => sum.update(ascii('more'))).toThrow('xxh3: more bytes after the sum was asked for');
  });

  test('a hasher is used again when its sum is known', () => {
    let made = 0;
    class Counted {
      constructor() {
        made += 1;
      }
      update = () => undefined;
      digest = () => 0n;
      reset = () => undefined;
    }
    const { named } = checksumsOf(() => ({ Xxh64: Counted, xxh3: { Xxh3: { withSeed: () => new Counted() } } }));
    for (let i = 0; i < 1000; i++) named('xxh3').of(ascii('123'));
    expect(made).toBe(1);
  });

  test('a window of a buffer sums its own bytes only', () => {
    const whole = ascii('xx123456789xx');
    for (const name of checksums.names) {
      const sum = checksums.named(name);
      expect(sum.of(whole.subarray(2, 11))).toBe(sum.of(ascii('123456789')));
    }
  });

  test('without the native package crc32 is offered alone', () => {
    const without = checksumsOf(() => {
      throw new Error('Cannot find native binding');
    });
    expect(without.names).toEqual(['crc32']);
    expect(without.named('crc32').of(ascii('123456789'))).toBe(0xcbf43926n);
    expect(() => without.named('xxh64')).toThrow('checksum "xxh64" is not known here: offer crc32');
  });
});
