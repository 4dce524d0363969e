/**
 * What is in a save file, as plain data: every record with its place, headers, configuration, p2m, page types,
 * shared_info, vCPU registers, TSC. A damaged file is told as far as it could be read, and then where it breaks.
 * 64-bit words and nanoseconds are text. Nothing here judges: that is verify.ts.
 */
import type { DomainSpec } from '@skewbed/model/xen/host-event.ts';
import type { ByteInput } from '@skewbed/proto/libxc/byte-cursor.ts';
import { LIBXL_OPTION } from '@skewbed/proto/libxc/format.ts';
import { SaveFileFault } from '@skewbed/proto/libxc/save-file-fault.ts';
import { readSaveFile } from '@skewbed/proto/libxc/save-file-reader.ts';
import type { PlacedItem } from '@skewbed/proto/libxc/save-item.ts';
import type { FileRecord } from '@skewbed/proto/records.ts';
import { configProblem } from './domain-config.ts';
import { type Census, type P2mView, PageCensus } from './page-census.ts';
import type { Problem } from './problem.ts';
import { type RecordView, recordView } from './record-view.ts';
import { type SharedInfoView, sharedInfoView } from './shared-info-view.ts';
import { registersOf, type VcpuRegisters } from './vcpu-registers.ts';

/** TSC modes of Xen: what the guest's rdtsc gives. */
export const TSC_MODES = ['default', 'always-emulate', 'never-emulate', 'pvrdtscp'] as const;

export type VcpuView = {
  readonly vcpu: number;
  /** null for the context of a 32-bit guest. */
  readonly registers: VcpuRegisters | null;
  readonly extendedBytes: number;
  readonly xsaveBytes: number;
  readonly msrs: number;
};

export type Inspection = {
  readonly bytes: number;
  xl: { mandatoryFlags: number; optionalFlags: number; configBytes: number; config: unknown } | null;
  libxl: { version: number; endianness: 'little'; convertedLegacy: boolean } | null;
  image: { version: number; endianness: 'little' } | null;
  domain: { type: string; pageBytes: number; xenMajor: number; xenMinor: number } | null;
  guest: { widthBytes: number; ptLevels: number } | null;
  /** A guest of Skewbed's own, with its model kernel. */
  skewbed: DomainSpec | null;
  records: RecordView[];
  pages: Census;
  p2m: P2mView | null;
  tsc: { mode: number; modeName: string; khz: number; nsec: string; incarnation: number } | null;
  sharedInfo: SharedInfoView | null;
  startInfo: { pfn: number; fields: Readonly<Record<string, string>> | null } | null;
  vcpus: VcpuView[];
  /** Where the file breaks; null when it was read to its end. */
  problem: Problem | null;
};

/** Reads the whole input, or as far as it can be read. */
export function inspectSave(input: ByteInput): Inspection {
  const inspector = new Inspector();
  let bytes = 0;
  const counted: ByteInput = {
    read(length) {
      const part = input.read(length);
      bytes += part.length;
      return part;
    },
  };
  let problem: Problem | null = null;
  try {
    for (const item of readSaveFile(counted)) inspector.take(item);
  } catch (error) {
    if (!(error instanceof SaveFileFault)) throw error;
    problem = { offset: error.offset, record: error.record, reason: error.reason };
  }
  return { ...inspector.finish(), bytes, problem };
}

/** Takes the items of a file one by one; finish() is what was seen so far. */
export class Inspector {
  readonly #census = new PageCensus();
  readonly #vcpus = new Map<number, { -readonly [K in keyof VcpuView]: VcpuView[K] }>();
  readonly #seen: Omit<Inspection, 'bytes' | 'problem' | 'pages' | 'p2m' | 'vcpus' | 'startInfo' | 'skewbed'> = {
    xl: null,
    libxl: null,
    image: null,
    domain: null,
    guest: null,
    records: [],
    tsc: null,
    sharedInfo: null,
  };
  #startInfoPfn: number | null = null;

  take(item: PlacedItem): void {
    const seen = this.#seen;
    seen.records.push(recordView(item));
    switch (item.kind) {
      case 'xl-header': {
        const { mandatoryFlags, optionalFlags, config } = item;
        const facts = configProblem(config);
        const text = typeof facts === 'string' ? new TextDecoder().decode(config) : facts.json;
        seen.xl = { mandatoryFlags, optionalFlags, configBytes: config.length, config: text };
        break;
      }
      case 'libxl-header':
        seen.libxl = {
          version: 2,
          endianness: 'little',
          convertedLegacy: (item.options & LIBXL_OPTION.convertedLegacy) !== 0,
        };
        break;
      case 'image-header':
        seen.image = { version: item.version, endianness: 'little' };
        break;
      case 'domain-header': {
        const { domainType: type, xenMajor, xenMinor } = item;
        seen.domain = { type, pageBytes: 4096, xenMajor, xenMinor };
        break;
      }
      case 'record':
        this.#record(item.record);
        break;
      case 'libxl-record':
        break;
    }
  }

  finish(): Omit<Inspection, 'bytes' | 'problem'> {
    const pfn = this.#startInfoPfn;
    const fields = pfn === null ? null : this.#census.startInfo(pfn);
    return {
      ...this.#seen,
      skewbed: this.#census.guest,
      pages: this.#census.census,
      p2m: this.#census.p2mView,
      startInfo: pfn === null ? null : { pfn, fields: fields === null ? null : textFields(fields) },
      vcpus: [...this.#vcpus.values()],
    };
  }

  #record(record: FileRecord): void {
    const seen = this.#seen;
    switch (record.type) {
      case 'X86_PV_INFO':
        seen.guest = { widthBytes: record.guestWidth, ptLevels: record.ptLevels };
        break;
      case 'X86_PV_P2M_FRAMES':
        this.#census.p2m(record);
        break;
      case 'PAGE_DATA':
        this.#census.take(record.entries);
        break;
      case 'X86_TSC_INFO': {
        const { mode, khz, nsec, incarnation } = record;
        seen.tsc = { mode, modeName: TSC_MODES[mode] ?? 'unknown', khz, nsec: `${nsec}`, incarnation };
        break;
      }
      case 'SHARED_INFO':
        if (seen.guest?.widthBytes === 8) seen.sharedInfo = sharedInfoView(record.page);
        break;
      case 'X86_PV_VCPU_BASIC': {
        const registers = registersOf(record.context);
        this.#vcpu(record.vcpuId).registers = registers;
        if (record.vcpuId === 0 && registers !== null)
          this.#startInfoPfn = Number(BigInt(registers.registers.rdx ?? 0));
        break;
      }
      case 'X86_PV_VCPU_EXTENDED':
        this.#vcpu(record.vcpuId).extendedBytes = record.context.length;
        break;
      case 'X86_PV_VCPU_XSAVE':
        this.#vcpu(record.vcpuId).xsaveBytes = record.context.length;
        break;
      case 'X86_PV_VCPU_MSRS':
        this.#vcpu(record.vcpuId).msrs = record.context.length / 16;
        break;
      default:
        break;
    }
  }

  #vcpu(vcpu: number): { -readonly [K in keyof VcpuView]: VcpuView[K] } {
    const known = this.#vcpus.get(vcpu) ?? { vcpu, registers: null, extendedBytes: 0, xsaveBytes: 0, msrs: 0 };
    this.#vcpus.set(vcpu, known);
    return known;
  }
}

const textFields = (fields: Readonly<Record<string, bigint | number>>): Record<string, string> =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, `0x${value.toString(16)}`]));
