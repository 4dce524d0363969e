import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  clearEventPending,
  isEventMasked,
  isEventPending,
  isUpcallPending,
  maskEvent,
  raiseEvent,
  readArch,
  readWallclock,
  resetEvents,
  SHARED_INFO,
  takeUpcall,
  unmaskEvent,
  writeArch,
  writeWallclock,
} from './shared-info.ts';

const emptyPage = (): Uint8Array => new Uint8Array(4096);
const hexOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

test('its fields lie where xen.h and arch-x86/xen.h put them', () => {
  expect(SHARED_INFO).toEqual({
    vcpuInfo: 0x000,
    evtchnPending: 0x800,
    evtchnMask: 0xa00,
    wcVersion: 0xc00,
    wcSec: 0xc04,
    wcNsec: 0xc08,
    wcSecHi: 0xc0c,
    arch: 0xc10,
    archMaxPfn: 0xc10,
    archPfnToMfnFrameListList: 0xc18,
    archNmiReason: 0xc20,
    archP2mCr3: 0xc28,
    archP2mVaddr: 0xc30,
    archP2mGeneration: 0xc38,
    end: 3136,
  });
});

describe('the wall clock', () => {
  // W = 1227774104.25 s, S = 41 d + 0.123456789 s.
  const wcNs = 1_227_774_104_250_000_000n - (41n * 86_400n * 1_000_000_000n + 123_456_789n);

  test('is UTC at system time 0, in seconds and nanoseconds', () => {
    const page = emptyPage();
    expect(writeWallclock(page, { wcNs, width: 'u64' })).toBe(2);
    const view = new DataView(page.buffer);
    expect(view.getUint32(0xc00, true)).toBe(2);
    expect(view.getUint32(0xc04, true)).toBe(1_224_231_704);
    expect(view.getUint32(0xc08, true)).toBe(126_543_211);
    expect(view.getUint32(0xc0c, true)).toBe(0);
    expect(readWallclock(page, 'u64')).toEqual({ version: 2, wcNs });
  });

  test('had 32 bits of seconds in 2008, and a hole that stayed as it was', () => {
    const page = emptyPage().fill(0xaa, 0xc0c, 0xc10);
    const in2107 = 4_323_456_789n * 1_000_000_000n;
    writeWallclock(page, { wcNs: in2107, width: 'u32' });
    expect(hexOf(page.subarray(0xc04, 0xc10))).toBe(`15b7b201${'00000000'}aaaaaaaa`);
    expect(readWallclock(page, 'u32').wcNs).toBe(in2107 - 2n ** 32n * 1_000_000_000n);
  });

  test('has 64 since Xen 4.6, of both signs', () => {
    const anyWallclock = fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n });
    fc.assert(
      fc.property(anyWallclock, (anyWcNs) => {
        const page = emptyPage();
        writeWallclock(page, { wcNs: anyWcNs, width: 'u64' });
        expect(readWallclock(page, 'u64').wcNs).toBe(anyWcNs);
        expect(new DataView(page.buffer).getUint32(0xc08, true)).toBeLessThan(1_000_000_000);
      }),
    );
  });
});

test('what the guest tells about its p2m is written field by field', () => {
  const page = emptyPage();
  const arch = {
    maxPfn: 4096n,
    pfnToMfnFrameListList: 2n ** 64n - 1n,
    nmiReason: 3n,
    p2mCr3: 4n,
    p2mVaddr: 5n,
    p2mGeneration: 6n,
  };
  writeArch(page, arch);
  expect(readArch(page)).toEqual(arch);
  const words = new DataView(page.buffer, 0xc10, 48);
  expect([0, 8, 16, 24, 32, 40].map((offset) => words.getBigUint64(offset, true))).toEqual(Object.values(arch));
  writeArch(page, { pfnToMfnFrameListList: 0n });
  expect(readArch(page)).toEqual({ ...arch, pfnToMfnFrameListList: 0n });
});

describe('event channels', () => {
  test('a port is one bit of a little-endian bitmap', () => {
    const page = emptyPage();
    raiseEvent(page, { vcpu: 0, port: 70 });
    maskEvent(page, 4095);
    expect(page[0x800 + 8]).toBe(1 << 6);
    expect(page[0xa00 + 511]).toBe(0x80);
    expect([isEventPending(page, 70), isEventPending(page, 71), isEventMasked(page, 4095)]).toEqual([
      true,
      false,
      true,
    ]);
  });

  test('an event sets pending, selector and upcall, and kicks once', () => {
    const page = emptyPage();
    expect(raiseEvent(page, { vcpu: 1, port: 70 })).toBe(true);
    expect(page[64]).toBe(1);
    expect(page[64 + 8]).toBe(1 << 1);
    expect(isUpcallPending(page, 1)).toBe(true);
    expect(isUpcallPending(page, 0)).toBe(false);
    expect(raiseEvent(page, { vcpu: 1, port: 70 })).toBe(false);
    expect(raiseEvent(page, { vcpu: 1, port: 71 })).toBe(false);
    expect(raiseEvent(page, { vcpu: 1, port: 128 })).toBe(false);
    expect(takeUpcall(page, 1)).toEqual([70, 71, 128]);
    expect(isUpcallPending(page, 1)).toBe(false);
  });

  test('pending stays until the guest clears it, so that nothing is lost between upcall and handler', () => {
    const page = emptyPage();
    raiseEvent(page, { vcpu: 0, port: 5 });
    takeUpcall(page, 0);
    expect(raiseEvent(page, { vcpu: 0, port: 5 })).toBe(false);
    clearEventPending(page, 5);
    expect(raiseEvent(page, { vcpu: 0, port: 5 })).toBe(true);
  });

  test('a masked event waits for its unmasking', () => {
    const page = emptyPage();
    maskEvent(page, 9);
    expect(raiseEvent(page, { vcpu: 0, port: 9 })).toBe(false);
    expect(isUpcallPending(page, 0)).toBe(false);
    expect(unmaskEvent(page, { vcpu: 0, port: 9 })).toBe(true);
    expect(takeUpcall(page, 0)).toEqual([9]);
    expect(unmaskEvent(page, { vcpu: 0, port: 10 })).toBe(false);
  });

  test('every event that is raised and not masked is seen by one upcall', () => {
    const anyPorts = fc.uniqueArray(fc.nat({ max: 4095 }));
    fc.assert(
      fc.property(anyPorts, anyPorts, (raised, masked) => {
        const page = emptyPage();
        for (const port of masked) maskEvent(page, port);
        const kicks = raised.filter((port) => raiseEvent(page, { vcpu: 0, port }));
        const seen = raised.filter((port) => !masked.includes(port)).sort((a, b) => a - b);
        expect(kicks.length).toBe(seen.length > 0 ? 1 : 0);
        expect(takeUpcall(page, 0)).toEqual(seen);
      }),
    );
  });

  test('restore leaves nothing pending and everything masked, and touches nothing beside', () => {
    const page = emptyPage().fill(0x55);
    resetEvents(page, 2);
    expect(page.subarray(0x800, 0xa00).every((byte) => byte === 0)).toBe(true);
    expect(page.subarray(0xa00, 0xc00).every((byte) => byte === 0xff)).toBe(true);
    expect([page[8], page[15], page[64 + 8], page[128 + 8], page[7], page[16], page[0x7ff], page[0xc00]]).toEqual([
      0, 0, 0, 0x55, 0x55, 0x55, 0x55, 0x55,
    ]);
  });

  test('port 4096 does not exist', () => {
    expect(() => raiseEvent(emptyPage(), { vcpu: 0, port: 4096 })).toThrow(
      expect.objectContaining({ code: 'bad-argument' }),
    );
  });
});
