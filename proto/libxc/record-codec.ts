/**
 * One record of libxc's stream <-> its body. A body is held against its own form here: size, reserved bytes, counts that
 * have to agree with the length. Whether it may stand where it stands, and whether what it says can be, belongs to who
 * reads the whole file (experiments/save-files).
 */
import { SAVED_PAGES_MAX, SAVED_VCPUS_MAX } from '../limits.ts';
import type { FileRecord } from '../records.ts';
import type { Piece } from './byte-cursor.ts';
import { OPTIONAL_RECORD, RECORDS, recordNamed, VCPU_CONTEXT_SIZES } from './format.ts';
import { pageDataBody, readPageData } from './page-data.ts';

/** The record of this number with this body. Throws a SaveFileFault. */
export function readRecord(number: number, body: Piece): FileRecord {
  const type = recordNamed(number);
  if (type === undefined) return { type: 'OPTIONAL', number, body: body.bytes };
  switch (type) {
    case 'END':
    case 'VERIFY':
    case 'CHECKPOINT':
    case 'STATIC_DATA_END':
      return { type };
    case 'PAGE_DATA':
      return { type, entries: readPageData(body) };
    case 'X86_PV_INFO':
      return readPvInfo(body);
    case 'X86_PV_P2M_FRAMES':
      return readP2mFrames(body);
    case 'X86_PV_VCPU_BASIC':
    case 'X86_PV_VCPU_EXTENDED':
    case 'X86_PV_VCPU_XSAVE':
    case 'X86_PV_VCPU_MSRS':
      return readVcpu(type, body);
    case 'SHARED_INFO':
      return { type, page: body.bytes };
    case 'X86_TSC_INFO':
      body.zero(20, 24, 'a reserved byte');
      return { type, mode: body.u32(0), khz: body.u32(4), nsec: body.u64(8), incarnation: body.u32(16) };
    case 'HVM_CONTEXT':
      return { type, context: body.bytes };
    case 'HVM_PARAMS':
      return readHvmParams(body);
    case 'TOOLSTACK':
      return { type, body: body.bytes };
    case 'CHECKPOINT_DIRTY_PFN_LIST':
      whole(body, 8, 'pfn');
      return { type, pfns: Array.from({ length: body.length / 8 }, (_, index) => body.u64(8 * index)) };
    case 'X86_CPUID_POLICY':
      whole(body, 24, 'CPUID leaf');
      return { type, leaves: body.bytes };
    case 'X86_MSR_POLICY':
      whole(body, 16, 'MSR');
      return { type, entries: body.bytes };
    case 'SKEWBED_SYSTEM_TIME':
      return { type, suspendedSystemTimeNs: BigInt.asIntN(64, body.u64(0)) };
  }
}

/** The number of a record in a file. */
export const numberOf = (record: FileRecord): number =>
  record.type === 'OPTIONAL' ? record.number : RECORDS[record.type].number;

/** Whether a number may stand in a file at all: a record that is known, or a foreign one that may be passed over. */
export const isReadable = (number: number): boolean => recordNamed(number) !== undefined || number >= OPTIONAL_RECORD;

/** The body of a record. */
export function recordBody(record: FileRecord): Uint8Array {
  switch (record.type) {
    case 'END':
    case 'VERIFY':
    case 'CHECKPOINT':
    case 'STATIC_DATA_END':
      return new Uint8Array(0);
    case 'PAGE_DATA':
      return pageDataBody(record.entries);
    case 'X86_PV_INFO':
      return Uint8Array.of(record.guestWidth, record.ptLevels, 0, 0, 0, 0, 0, 0);
    case 'X86_PV_P2M_FRAMES':
      return words(8 + 8 * record.frames.length, (view) => {
        view.setUint32(0, record.startPfn, true);
        view.setUint32(4, record.endPfn, true);
        record.frames.forEach((pfn, index) => {
          view.setBigUint64(8 + 8 * index, BigInt(pfn), true);
        });
      });
    case 'X86_PV_VCPU_BASIC':
    case 'X86_PV_VCPU_EXTENDED':
    case 'X86_PV_VCPU_XSAVE':
    case 'X86_PV_VCPU_MSRS': {
      const body = new Uint8Array(8 + record.context.length);
      new DataView(body.buffer).setUint32(0, record.vcpuId, true);
      body.set(record.context, 8);
      return body;
    }
    case 'SHARED_INFO':
      return record.page;
    case 'X86_TSC_INFO':
      return words(24, (view) => {
        view.setUint32(0, record.mode, true);
        view.setUint32(4, record.khz, true);
        view.setBigUint64(8, record.nsec, true);
        view.setUint32(16, record.incarnation, true);
      });
    case 'HVM_CONTEXT':
      return record.context;
    case 'HVM_PARAMS':
      return words(8 + 16 * record.params.length, (view) => {
        view.setUint32(0, record.params.length, true);
        record.params.forEach(({ index, value }, at) => {
          view.setBigUint64(8 + 16 * at, index, true);
          view.setBigUint64(16 + 16 * at, value, true);
        });
      });
    case 'TOOLSTACK':
    case 'OPTIONAL':
      return record.body;
    case 'CHECKPOINT_DIRTY_PFN_LIST':
      return words(8 * record.pfns.length, (view) => {
        record.pfns.forEach((pfn, index) => {
          view.setBigUint64(8 * index, pfn, true);
        });
      });
    case 'X86_CPUID_POLICY':
      return record.leaves;
    case 'X86_MSR_POLICY':
      return record.entries;
    case 'SKEWBED_SYSTEM_TIME':
      return words(8, (view) => view.setBigInt64(0, record.suspendedSystemTimeNs, true));
  }
}

function words(length: number, fill: (view: DataView) => void): Uint8Array {
  const body = new Uint8Array(length);
  fill(new DataView(body.buffer));
  return body;
}

function readPvInfo(body: Piece): FileRecord {
  const guestWidth = body.u8(0);
  const ptLevels = body.u8(1);
  body.zero(2, 8, 'a reserved byte');
  if (guestWidth === 8 && ptLevels === 4) return { type: 'X86_PV_INFO', guestWidth, ptLevels };
  if (guestWidth === 4 && ptLevels === 3) return { type: 'X86_PV_INFO', guestWidth, ptLevels };
  return body.fail(
    0,
    `a guest of ${guestWidth} bytes and ${ptLevels} levels of page tables; there are 8 and 4, and 4 and 3`,
  );
}

function readP2mFrames(body: Piece): FileRecord {
  const startPfn = body.u32(0);
  const endPfn = body.u32(4);
  if (startPfn > endPfn) body.fail(0, `it goes from pfn ${startPfn} to ${endPfn}, which is before it`);
  if (endPfn >= SAVED_PAGES_MAX) {
    body.fail(4, `pfn ${endPfn} is beyond the largest guest, of ${SAVED_PAGES_MAX} pages`);
  }
  whole(body.from(8), 8, 'pfn');
  const frames = Array.from({ length: (body.length - 8) / 8 }, (_, index) => {
    const pfn = body.u64(8 + 8 * index);
    if (pfn > BigInt(endPfn)) body.fail(8 + 8 * index, `p2m frame ${index} is pfn ${pfn}; the guest ends at ${endPfn}`);
    return Number(pfn);
  });
  return { type: 'X86_PV_P2M_FRAMES', startPfn, endPfn, frames };
}

type VcpuType = 'X86_PV_VCPU_BASIC' | 'X86_PV_VCPU_EXTENDED' | 'X86_PV_VCPU_XSAVE' | 'X86_PV_VCPU_MSRS';

function readVcpu(type: VcpuType, body: Piece): FileRecord {
  const vcpuId = body.u32(0);
  if (vcpuId >= SAVED_VCPUS_MAX) body.fail(0, `vCPU ${vcpuId}; Xen gives a guest 0 to ${SAVED_VCPUS_MAX - 1}`);
  body.zero(4, 8, 'a reserved byte');
  const context = body.from(8);
  const { width4, width8 } = VCPU_CONTEXT_SIZES;
  if (type === 'X86_PV_VCPU_BASIC' && context.length !== width8 && context.length !== width4) {
    context.fail(0, `the context has ${context.length} bytes; one has ${width8}, of a 32-bit guest ${width4}`);
  }
  // Old senders wrote records without a blob (facts D.4).
  if (type === 'X86_PV_VCPU_EXTENDED') whole(context, 8, 'word');
  if (type === 'X86_PV_VCPU_XSAVE') {
    whole(context, 8, 'word');
    if (context.length === 8) context.fail(0, 'the area has 8 bytes; its two masks alone have 16');
  }
  if (type === 'X86_PV_VCPU_MSRS') whole(context, 16, 'MSR');
  return { type, vcpuId, context: context.bytes };
}

function readHvmParams(body: Piece): FileRecord {
  const count = body.u32(0);
  body.zero(4, 8, 'a reserved byte');
  if (body.length !== 8 + 16 * count) {
    body.fail(0, `${count} parameters are ${8 + 16 * count} bytes, and the body has ${body.length}`);
  }
  const params = Array.from({ length: count }, (_, at) => ({
    index: body.u64(8 + 16 * at),
    value: body.u64(16 + 16 * at),
  }));
  return { type: 'HVM_PARAMS', params };
}

function whole(body: Piece, size: number, what: string): void {
  if (body.length % size !== 0)
    body.fail(0, `${body.length} bytes are no whole number of ${what}s, of ${size} bytes each`);
}
