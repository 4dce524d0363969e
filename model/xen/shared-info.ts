/**
 * struct shared_info of x86_64: the page that Xen shares with a guest, byte for byte (xen/include/public/xen.h,
 * arch-x86/xen.h; 3136 bytes used of 4096). It holds 32 vcpu_info, the event channel bitmaps, the wall clock
 * (UTC at system time 0) and what the guest tells about its p2m. Little-endian.
 * wc_sec_hi came with Xen 4.6 (e1890c4261); before, that place was a hole and the wall clock ended in 2106.
 * Left out: the 32-bit layout, and FIFO event channels.
 */
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { NS_PER_S } from '@skewbed/proto/units.ts';
import { floorDiv, floorMod } from '../time/nanos.ts';
import { readVersioned, writeVersioned } from '../time/seqlock.ts';
import { VCPU_INFO, vcpuInfoOffset, viewOf } from './vcpu-info.ts';

/** Offsets in the page. vcpu_info[n] lies at vcpuInfoOffset(n). */
export const SHARED_INFO = {
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
  end: 0xc40,
} as const;

/** Channels of the 2-level ABI: 64 words of 64 bits. */
export const EVENT_CHANNELS = 4096;

/** How wide wc_sec is: 32 bits in Xen before 4.6, which leaves the hole at wc_sec_hi alone, 64 since. */
export type WallclockWidth = 'u32' | 'u64';

/** Publishes the wall clock: UTC at system time 0, by the version protocol. Returns the version that it leaves. */
export function writeWallclock(page: Uint8Array, { wcNs, width }: { wcNs: bigint; width: WallclockWidth }): number {
  const view = viewOf(page);
  const seconds = BigInt.asUintN(64, floorDiv(wcNs, NS_PER_S));
  return writeVersioned(view, SHARED_INFO.wcVersion, () => {
    view.setUint32(SHARED_INFO.wcSec, Number(seconds & 0xffff_ffffn), true);
    view.setUint32(SHARED_INFO.wcNsec, Number(floorMod(wcNs, NS_PER_S)), true);
    if (width === 'u64') view.setUint32(SHARED_INFO.wcSecHi, Number(seconds >> 32n), true);
  });
}

/** Reads the wall clock as a guest of that ABI does. 64-bit seconds have a sign: a host may believe in 1960. */
export function readWallclock(page: Uint8Array, width: WallclockWidth): { version: number; wcNs: bigint } {
  const view = viewOf(page);
  return readVersioned(view, SHARED_INFO.wcVersion, (version) => {
    const low = BigInt(view.getUint32(SHARED_INFO.wcSec, true));
    const high = width === 'u64' ? BigInt(view.getInt32(SHARED_INFO.wcSecHi, true)) : 0n;
    return {
      version,
      wcNs: (high * 0x1_0000_0000n + low) * NS_PER_S + BigInt(view.getUint32(SHARED_INFO.wcNsec, true)),
    };
  });
}

/** What the guest tells the toolstack about its p2m, in struct arch_shared_info. */
export type ArchSharedInfo = {
  readonly maxPfn: bigint;
  /** 0 = not set up yet, ~0 = not usable. */
  readonly pfnToMfnFrameListList: bigint;
  readonly nmiReason: bigint;
  /** 0 = the guest has no linear p2m. */
  readonly p2mCr3: bigint;
  readonly p2mVaddr: bigint;
  /** Odd while the guest changes its p2m. */
  readonly p2mGeneration: bigint;
};

const ARCH_FIELDS = {
  maxPfn: SHARED_INFO.archMaxPfn,
  pfnToMfnFrameListList: SHARED_INFO.archPfnToMfnFrameListList,
  nmiReason: SHARED_INFO.archNmiReason,
  p2mCr3: SHARED_INFO.archP2mCr3,
  p2mVaddr: SHARED_INFO.archP2mVaddr,
  p2mGeneration: SHARED_INFO.archP2mGeneration,
} as const satisfies Record<keyof ArchSharedInfo, number>;

export function readArch(page: Uint8Array): ArchSharedInfo {
  const view = viewOf(page);
  const field = (name: keyof ArchSharedInfo): bigint => view.getBigUint64(ARCH_FIELDS[name], true);
  return {
    maxPfn: field('maxPfn'),
    pfnToMfnFrameListList: field('pfnToMfnFrameListList'),
    nmiReason: field('nmiReason'),
    p2mCr3: field('p2mCr3'),
    p2mVaddr: field('p2mVaddr'),
    p2mGeneration: field('p2mGeneration'),
  };
}

/** Writes the fields that are given, and no other. */
export function writeArch(page: Uint8Array, fields: Partial<ArchSharedInfo>): void {
  const view = viewOf(page);
  for (const [name, value] of Object.entries(fields)) {
    view.setBigUint64(ARCH_FIELDS[name as keyof ArchSharedInfo], value, true);
  }
}

export const isEventPending = (page: Uint8Array, port: number): boolean =>
  hasBit(page, SHARED_INFO.evtchnPending, port);
export const isEventMasked = (page: Uint8Array, port: number): boolean => hasBit(page, SHARED_INFO.evtchnMask, port);

export const clearEventPending = (page: Uint8Array, port: number): void =>
  setBit(page, SHARED_INFO.evtchnPending, port, 0);
export const maskEvent = (page: Uint8Array, port: number): void => setBit(page, SHARED_INFO.evtchnMask, port, 1);

/** Takes the mask off. An event that came meanwhile is delivered now, as EVTCHNOP_unmask does; true: kick the vCPU. */
export function unmaskEvent(page: Uint8Array, { vcpu, port }: EventTarget): boolean {
  setBit(page, SHARED_INFO.evtchnMask, port, 0);
  return isEventPending(page, port) && selectWord(page, vcpu, port);
}

/** Which vCPU an event channel is bound to. */
export type EventTarget = { readonly vcpu: number; readonly port: number };

/**
 * Delivers an event of the 2-level ABI (xen/common/event_2l.c): pending bit, then selector bit unless masked, then
 * upcall. True when the upcall became pending, which is when Xen kicks the vCPU.
 */
export function raiseEvent(page: Uint8Array, { vcpu, port }: EventTarget): boolean {
  if (isEventPending(page, port)) return false;
  setBit(page, SHARED_INFO.evtchnPending, port, 1);
  return !isEventMasked(page, port) && selectWord(page, vcpu, port);
}

/** Clears the upcall and the selector, and returns the ports that are pending and not masked: the guest's upcall entry. */
export function takeUpcall(page: Uint8Array, vcpu: number): number[] {
  const view = viewOf(page);
  const info = vcpuInfoOffset(vcpu);
  view.setUint8(info + VCPU_INFO.evtchnUpcallPending, 0);
  const selector = view.getBigUint64(info + VCPU_INFO.evtchnPendingSel, true);
  if (selector === 0n) return [];
  view.setBigUint64(info + VCPU_INFO.evtchnPendingSel, 0n, true);
  const ports: number[] = [];
  for (let word = 0; word < 64; word++) {
    if (((selector >> BigInt(word)) & 1n) === 0n) continue;
    for (let port = word * 64; port < word * 64 + 64; port++) {
      if (isEventPending(page, port) && !isEventMasked(page, port)) ports.push(port);
    }
  }
  return ports;
}

export const isUpcallPending = (page: Uint8Array, vcpu: number): boolean =>
  viewOf(page).getUint8(vcpuInfoOffset(vcpu) + VCPU_INFO.evtchnUpcallPending) !== 0;

/** Restore's treatment of events: nothing pending, nothing selected, everything masked (xg_sr_restore_x86_pv.c). */
export function resetEvents(page: Uint8Array, vcpus: number): void {
  page.fill(0, SHARED_INFO.evtchnPending, SHARED_INFO.evtchnMask);
  page.fill(0xff, SHARED_INFO.evtchnMask, SHARED_INFO.wcVersion);
  const view = viewOf(page);
  for (let vcpu = 0; vcpu < vcpus; vcpu++) {
    view.setBigUint64(vcpuInfoOffset(vcpu) + VCPU_INFO.evtchnPendingSel, 0n, true);
  }
}

/** Sets the selector bit of the port's word, and the upcall if it was clear. */
function selectWord(page: Uint8Array, vcpu: number, port: number): boolean {
  const view = viewOf(page);
  const info = vcpuInfoOffset(vcpu);
  const selector = view.getBigUint64(info + VCPU_INFO.evtchnPendingSel, true);
  const bit = 1n << BigInt(port >>> 6);
  if ((selector & bit) !== 0n) return false;
  view.setBigUint64(info + VCPU_INFO.evtchnPendingSel, selector | bit, true);
  if (view.getUint8(info + VCPU_INFO.evtchnUpcallPending) !== 0) return false;
  view.setUint8(info + VCPU_INFO.evtchnUpcallPending, 1);
  return true;
}

const hasBit = (page: Uint8Array, bitmap: number, port: number): boolean =>
  ((page[bitmap + byteOf(port)]! >>> (port & 7)) & 1) === 1;

function setBit(page: Uint8Array, bitmap: number, port: number, bit: 0 | 1): void {
  const at = bitmap + byteOf(port);
  const mask = 1 << (port & 7);
  page[at] = bit === 1 ? page[at]! | mask : page[at]! & ~mask;
}

/** In a little-endian bitmap the bits of byte n are 8n to 8n + 7, whatever the width of its words. */
function byteOf(port: number): number {
  if (!Number.isInteger(port) || port < 0 || port >= EVENT_CHANNELS) {
    throw new SkewbedError('bad-argument', `event channel ${port}; the 2-level ABI has 0 to ${EVENT_CHANNELS - 1}`);
  }
  return port >>> 3;
}
