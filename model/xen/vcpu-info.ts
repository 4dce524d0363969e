/**
 * struct vcpu_info (64 bytes, the first 32 of them lie in shared_info) and the vcpu_time_info inside it, byte for byte
 * as Xen lays them out on x86_64 (xen/include/public/xen.h, xen/include/public/arch-x86/xen.h). Little-endian.
 * A time record says: when the TSC stood at tscTimestamp, system time was systemTimeNs. The guest scales the rest.
 * Left out: vcpu_info registered elsewhere by VCPUOP_register_vcpu_info, and the 32-bit layout.
 */
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { VCPUS_MAX } from '@skewbed/proto/limits.ts';
import { type SystemTimeNs, systemTimeNs } from '@skewbed/proto/units.ts';
import { wrap64 } from '../time/nanos.ts';
import { readVersioned, writeVersioned } from '../time/seqlock.ts';
import { scaleDelta, type TimeScale } from '../time/tsc.ts';

/** Offsets inside struct vcpu_info. */
export const VCPU_INFO = {
  evtchnUpcallPending: 0,
  evtchnUpcallMask: 1,
  evtchnPendingSel: 8,
  archCr2: 16,
  archPad: 24,
  time: 32,
} as const;
export const VCPU_INFO_BYTES = 64;

/** Offsets inside struct vcpu_time_info, which lies at VCPU_INFO.time. */
export const TIME_RECORD = {
  version: 0,
  pad0: 4,
  tscTimestamp: 8,
  systemTime: 16,
  tscToSystemMul: 24,
  tscShift: 28,
  flags: 29,
  pad1: 30,
} as const;
export const TIME_RECORD_BYTES = 32;

/** Bits of the time record's flags, which exist since interface version 0x040600; before that they are padding. */
export const TIME_FLAG = { tscStable: 1, guestStopped: 2 } as const;

/** What Xen tells a vCPU about time. */
export type TimeRecord = TimeScale & {
  readonly tscTimestamp: bigint;
  readonly systemTimeNs: SystemTimeNs;
  /** TIME_FLAG bits. */
  readonly flags: number;
};

/** Where the vcpu_info of a vCPU lies in a shared_info page. */
export function vcpuInfoOffset(vcpu: number): number {
  if (!Number.isInteger(vcpu) || vcpu < 0 || vcpu >= VCPUS_MAX) {
    throw new SkewbedError(
      'bad-argument',
      `vcpu ${vcpu} has no vcpu_info in shared_info; it holds vcpus 0 to ${VCPUS_MAX - 1}`,
    );
  }
  return vcpu * VCPU_INFO_BYTES;
}

/** Reads the time record of a vCPU out of a shared_info page, with the version at which it stood. */
export function readTimeRecord(page: Uint8Array, vcpu: number): TimeRecord & { readonly version: number } {
  const at = vcpuInfoOffset(vcpu) + VCPU_INFO.time;
  const view = viewOf(page);
  return readVersioned(view, at + TIME_RECORD.version, (version) => ({
    version,
    tscTimestamp: view.getBigUint64(at + TIME_RECORD.tscTimestamp, true),
    systemTimeNs: systemTimeNs(view.getBigUint64(at + TIME_RECORD.systemTime, true)),
    mul: view.getUint32(at + TIME_RECORD.tscToSystemMul, true),
    shift: view.getInt8(at + TIME_RECORD.tscShift),
    flags: view.getUint8(at + TIME_RECORD.flags),
  }));
}

/** Publishes a time record to a vCPU by the version protocol. Flags of 0 are what a Xen of 2008 leaves in the padding. */
export function writeTimeRecord(page: Uint8Array, vcpu: number, record: TimeRecord): void {
  const at = vcpuInfoOffset(vcpu) + VCPU_INFO.time;
  const view = viewOf(page);
  writeVersioned(view, at + TIME_RECORD.version, () => {
    view.setBigUint64(at + TIME_RECORD.tscTimestamp, record.tscTimestamp, true);
    view.setBigUint64(at + TIME_RECORD.systemTime, record.systemTimeNs, true);
    view.setUint32(at + TIME_RECORD.tscToSystemMul, record.mul, true);
    view.setInt8(at + TIME_RECORD.tscShift, record.shift);
    view.setUint8(at + TIME_RECORD.flags, record.flags);
  });
}

/** System time as the guest works it out from its record and the TSC, in 64 bits that wrap. */
export function systemTimeAt(record: TimeRecord, tsc: bigint): SystemTimeNs {
  return systemTimeNs(wrap64(record.systemTimeNs + scaleDelta(tsc - record.tscTimestamp, record)));
}

/** A view of the bytes, for little-endian fields. */
export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
