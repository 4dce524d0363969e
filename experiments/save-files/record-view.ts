/** One item of a save file as a line of an inspection: its place, its layer, its name, and what it says in itself. */
import { crc32 } from 'node:zlib';
import type { PlacedItem } from '@skewbed/proto/libxc/save-item.ts';
import type { FileRecord } from '@skewbed/proto/records.ts';

export type RecordView = {
  readonly offset: number;
  readonly layer: 'xl' | 'libxl' | 'libxc';
  readonly type: string;
  /** Of the body; of a header, the whole. */
  readonly length: number;
} & Readonly<Record<string, unknown>>;

/** The line of an item. */
export function recordView(item: PlacedItem): RecordView {
  const { offset, length } = item;
  switch (item.kind) {
    case 'xl-header':
      return { offset, layer: 'xl', type: 'xl header', length, mandatoryFlags: item.mandatoryFlags };
    case 'libxl-header':
      return { offset, layer: 'libxl', type: 'libxl header', length, options: item.options };
    case 'libxl-record': {
      const { record } = item;
      const emulator = 'emulator' in record ? { emulator: record.emulator, index: record.index } : {};
      const state = record.type === 'CHECKPOINT_STATE' ? { state: record.state } : {};
      return { offset, layer: 'libxl', type: record.type, length, ...emulator, ...state };
    }
    case 'image-header':
      return { offset, layer: 'libxc', type: 'image header', length, version: item.version };
    case 'domain-header': {
      const { domainType, xenMajor, xenMinor } = item;
      return { offset, layer: 'libxc', type: 'domain header', length, domainType, xen: `${xenMajor}.${xenMinor}` };
    }
    case 'record':
      return { offset, layer: 'libxc', type: item.record.type, length, ...says(item.record) };
  }
}

function says(record: FileRecord): Readonly<Record<string, unknown>> {
  switch (record.type) {
    case 'X86_PV_INFO':
      return { guestWidth: record.guestWidth, ptLevels: record.ptLevels };
    case 'X86_PV_P2M_FRAMES':
      return { startPfn: record.startPfn, endPfn: record.endPfn, frames: record.frames.length };
    case 'PAGE_DATA': {
      const { entries } = record;
      return { pages: entries.length, firstPfn: entries[0]?.pfn, lastPfn: entries.at(-1)?.pfn };
    }
    case 'X86_TSC_INFO':
      return { mode: record.mode, khz: record.khz, nsec: `${record.nsec}`, incarnation: record.incarnation };
    case 'X86_PV_VCPU_BASIC':
    case 'X86_PV_VCPU_EXTENDED':
    case 'X86_PV_VCPU_XSAVE':
    case 'X86_PV_VCPU_MSRS':
      return { vcpu: record.vcpuId, contextBytes: record.context.length, crc32: crcOf(record.context) };
    case 'X86_CPUID_POLICY':
      return { leaves: record.leaves.length / 24, crc32: crcOf(record.leaves) };
    case 'X86_MSR_POLICY':
      return { msrs: record.entries.length / 16, crc32: crcOf(record.entries) };
    case 'HVM_PARAMS':
      return { params: record.params.length };
    case 'CHECKPOINT_DIRTY_PFN_LIST':
      return { pfns: record.pfns.length };
    case 'OPTIONAL':
      return { number: `0x${record.number.toString(16)}`, crc32: crcOf(record.body) };
    case 'SKEWBED_SYSTEM_TIME':
      return { suspendedSystemTimeNs: `${record.suspendedSystemTimeNs}` };
    case 'HVM_CONTEXT':
      return { crc32: crcOf(record.context) };
    case 'TOOLSTACK':
      return { crc32: crcOf(record.body) };
    case 'SHARED_INFO':
    case 'STATIC_DATA_END':
    case 'VERIFY':
    case 'CHECKPOINT':
    case 'END':
      return {};
  }
}

/** So that two blobs can be told apart without printing them. */
const crcOf = (bytes: Uint8Array): string => crc32(bytes).toString(16).padStart(8, '0');
