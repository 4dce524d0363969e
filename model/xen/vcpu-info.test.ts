import { systemTimeNs } from '@skewbed/proto/units.ts';
import { describe, expect, test } from 'vitest';
import { setTimeScale } from '../time/tsc.ts';
import { readTimeRecord, systemTimeAt, TIME_RECORD, VCPU_INFO, vcpuInfoOffset, writeTimeRecord } from './vcpu-info.ts';

const hexOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
const record = {
  tscTimestamp: 0x1122334455667788n,
  systemTimeNs: systemTimeNs(0x0102030405060708n),
  mul: 0xd5555555,
  shift: -1,
  flags: 1,
};

describe('struct vcpu_info', () => {
  test('its fields lie where xen.h puts them', () => {
    expect(VCPU_INFO).toEqual({
      evtchnUpcallPending: 0,
      evtchnUpcallMask: 1,
      evtchnPendingSel: 8,
      archCr2: 16,
      archPad: 24,
      time: 32,
    });
    expect(TIME_RECORD).toEqual({
      version: 0,
      pad0: 4,
      tscTimestamp: 8,
      systemTime: 16,
      tscToSystemMul: 24,
      tscShift: 28,
      flags: 29,
      pad1: 30,
    });
    expect([vcpuInfoOffset(0), vcpuInfoOffset(1), vcpuInfoOffset(31)]).toEqual([0, 64, 1984]);
  });

  test('vcpu 32 has none in shared_info', () => {
    for (const vcpu of [32, -1, 0.5]) {
      expect(() => vcpuInfoOffset(vcpu)).toThrow(expect.objectContaining({ code: 'bad-argument' }));
    }
  });

  test('a time record is these bytes, of vcpu 1', () => {
    const page = new Uint8Array(4096).fill(0xaa);
    page.fill(0, 64 + 32, 64 + 36);
    writeTimeRecord(page, 1, record);
    expect(hexOf(page.subarray(64 + 32, 64 + 64))).toBe(
      '02000000aaaaaaaa' + '8877665544332211' + '0807060504030201' + '555555d5' + 'ff' + '01' + 'aaaa',
    );
    expect(page.subarray(0, 96).every((byte) => byte === 0xaa)).toBe(true);
    expect(page.subarray(128).every((byte) => byte === 0xaa)).toBe(true);
    expect(readTimeRecord(page, 1)).toEqual({ ...record, version: 2 });
  });

  test('a page that is a view into a larger buffer is read from its own start', () => {
    const page = new Uint8Array(8192).subarray(3, 3 + 4096);
    writeTimeRecord(page, 0, record);
    expect(page[32]).toBe(2);
    expect(readTimeRecord(page, 0)).toMatchObject(record);
  });
});

describe('system time as a guest works it out', () => {
  const hz = 3_200_000_000n;
  const stamped = { tscTimestamp: 5n * hz, systemTimeNs: systemTimeNs(5_000_000_000n), ...setTimeScale(hz), flags: 0 };

  test('it goes on with the TSC', () => {
    expect(systemTimeAt(stamped, 5n * hz)).toBe(5_000_000_000n);
    expect(systemTimeAt(stamped, 7n * hz)).toBe(7_000_000_000n);
  });

  test('a TSC before the stamp wraps, as in the guest', () => {
    // (2^64 - 2) ticks at 3.2 GHz, and not -1 ns.
    expect(systemTimeAt(stamped, 5n * hz - 2n)).toBe(5_000_000_000n + (((2n ** 63n - 1n) * 0xa0000000n) >> 32n));
  });
});
