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
