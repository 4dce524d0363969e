/**
 * What the state of a PV guest has to be: shared_info with complete time records and a wall clock, a TSC mode that
 * exists, and vCPU contexts whose frames are pages of the right kind (facts A.1, A.3, D.6, I.4).
 * Left out: shared_info and contexts of 32-bit guests, whose layout differs.
 */

import { levelOf } from '@skewbed/model/memory/page-tables.ts';
import { readArch, SHARED_INFO } from '@skewbed/model/xen/shared-info.ts';
import { readVcpuContext, VCPU_CONTEXT_BYTES } from '@skewbed/model/xen/vcpu-context.ts';
import { TIME_RECORD, VCPU_INFO, VCPU_INFO_BYTES, viewOf } from '@skewbed/model/xen/vcpu-info.ts';
import type { PlacedItem } from '@skewbed/proto/libxc/save-item.ts';
import { VCPUS_MAX } from '@skewbed/proto/limits.ts';
import { type FileRecord, PAGE_TYPE } from '@skewbed/proto/records.ts';
import { configProblem } from './domain-config.ts';
import { pageTypeName } from './page-names.ts';
import type { PageRules } from './page-rules.ts';
import type { Problems } from './problem.ts';

type RecordOf<T extends FileRecord['type']> = Extract<FileRecord, { type: T }>;
type VcpuRecord = RecordOf<'X86_PV_VCPU_BASIC' | 'X86_PV_VCPU_EXTENDED' | 'X86_PV_VCPU_XSAVE' | 'X86_PV_VCPU_MSRS'>;
type Bad = (reason: string, at?: number) => void;

const NS_PER_S = 1_000_000_000;
const TSC_MODE_MAX = 3;
const VCPU_ORDER = ['X86_PV_VCPU_BASIC', 'X86_PV_VCPU_EXTENDED', 'X86_PV_VCPU_XSAVE', 'X86_PV_VCPU_MSRS'] as const;
const BODY = 8;
const VCPU_BODY = 16;

export class StateRules {
  readonly #problems: Problems;
  readonly #pages: PageRules;
  #maxVcpus: number | null = null;
  #wide = true;
  #lastVcpu = -1;
  #lastStep = -1;

  constructor(problems: Problems, pages: PageRules) {
    this.#problems = problems;
    this.#pages = pages;
  }

  take(item: PlacedItem): void {
    if (item.kind === 'xl-header') {
      const config = configProblem(item.config);
      if (typeof config !== 'string') this.#maxVcpus = config.maxVcpus;
    }
    if (item.kind !== 'record') return;
    const { record, offset } = item;
    const bad: Bad = (reason, at = 0) => this.#problems.add(offset + at, record.type, reason);
    switch (record.type) {
      case 'X86_PV_INFO':
        this.#wide = record.guestWidth === 8;
        break;
      case 'X86_CPUID_POLICY':
        ascending(record.leaves, { size: 24, what: 'leaf' }, bad);
        break;
      case 'X86_MSR_POLICY':
        ascending(record.entries, { size: 16, what: 'MSR' }, bad);
        break;
      case 'X86_TSC_INFO':
        if (record.mode > TSC_MODE_MAX) bad(`TSC mode ${record.mode}; there are 0 to ${TSC_MODE_MAX}`, BODY);
        if (record.khz === 0) bad('a TSC of 0 kHz', BODY + 4);
        break;
      case 'SHARED_INFO':
        if (this.#wide) this.#sharedInfo(record.page, bad);
        break;
      case 'X86_PV_VCPU_BASIC':
      case 'X86_PV_VCPU_EXTENDED':
      case 'X86_PV_VCPU_XSAVE':
      case 'X86_PV_VCPU_MSRS':
        this.#vcpu(record, bad);
        break;
      case 'END':
        if (this.#lastVcpu < 0 && this.#pages.pages !== null) bad('there is no X86_PV_VCPU_BASIC of vCPU 0');
        break;
      default:
        break;
    }
  }

  #sharedInfo(page: Uint8Array, bad: Bad): void {
    const view = viewOf(page);
    const wcVersion = view.getUint32(SHARED_INFO.wcVersion, true);
    if (wcVersion % 2 !== 0)
      bad(`wc_version is ${wcVersion}: the wall clock is half written`, BODY + SHARED_INFO.wcVersion);
    const wcNsec = view.getUint32(SHARED_INFO.wcNsec, true);
    if (wcNsec >= NS_PER_S) bad(`wc_nsec is ${wcNsec}, which is more than a second`, BODY + SHARED_INFO.wcNsec);
    for (let vcpu = 0; vcpu < VCPUS_MAX; vcpu++) {
      const at = vcpu * VCPU_INFO_BYTES + VCPU_INFO.time + TIME_RECORD.version;
      const version = view.getUint32(at, true);
      if (version % 2 !== 0)
        bad(`the time record of vCPU ${vcpu} has version ${version}: it is half written`, BODY + at);
    }
    const { pages } = this.#pages;
    const { maxPfn, p2mGeneration } = readArch(page);
    if (pages !== null && maxPfn !== BigInt(pages)) {
      bad(`arch.max_pfn is ${maxPfn}, and X86_PV_P2M_FRAMES goes to pfn ${pages - 1}`, BODY + SHARED_INFO.archMaxPfn);
    }
    if (p2mGeneration % 2n !== 0n) {
      bad(`p2m_generation is ${p2mGeneration}: the guest changes its p2m`, BODY + SHARED_INFO.archP2mGeneration);
    }
    const after = page.findIndex((byte, at) => at >= SHARED_INFO.end && byte !== 0);
    if (after >= 0) bad(`byte ${after} is not zero; nothing is defined there`, BODY + after);
  }

  #vcpu(record: VcpuRecord, bad: Bad): void {
    const { type, vcpuId } = record;
    const step = VCPU_ORDER.indexOf(type);
    if (type === 'X86_PV_VCPU_BASIC') {
      if (this.#lastVcpu < 0 && vcpuId !== 0) bad(`the first vCPU is ${vcpuId}; vCPU 0 has to be there`, BODY);
      else if (vcpuId <= this.#lastVcpu) bad(`vCPU ${vcpuId} comes after vCPU ${this.#lastVcpu}`, BODY);
      if (this.#maxVcpus !== null && vcpuId >= this.#maxVcpus) {
        bad(`vCPU ${vcpuId}; the configuration gives the guest ${this.#maxVcpus}`, BODY);
      }
      this.#lastVcpu = vcpuId;
    } else if (vcpuId !== this.#lastVcpu) {
      bad(`it is for vCPU ${vcpuId}, whose X86_PV_VCPU_BASIC is not right before it`, BODY);
    } else if (step <= this.#lastStep) {
      bad(`it comes after ${VCPU_ORDER[this.#lastStep]} of the same vCPU`);
    }
    this.#lastStep = step;
    this.#blob(record, bad);
  }

  #blob({ type, vcpuId, context }: VcpuRecord, bad: Bad): void {
    if (context.length === 0) return;
    const view = viewOf(context);
    if (type === 'X86_PV_VCPU_BASIC') {
      if (!this.#wide) return;
      if (context.length !== VCPU_CONTEXT_BYTES)
        bad(`a context of ${context.length} bytes in a 64-bit guest`, VCPU_BODY);
      else this.#context(vcpuId, context, bad);
    }
    if (type === 'X86_PV_VCPU_EXTENDED') {
      const [id, size] = [view.getUint32(0, true), view.getUint32(4, true)];
      if (id !== vcpuId) bad(`the context is of vCPU ${id}, and the record of vCPU ${vcpuId}`, VCPU_BODY);
      if (size !== context.length) {
        bad(`the context is said to have ${size} bytes; there are ${context.length}`, VCPU_BODY + 4);
      }
    }
    if (type === 'X86_PV_VCPU_XSAVE') xsave(view, bad);
    if (type === 'X86_PV_VCPU_MSRS')
      ascending(context, { size: 16, what: 'MSR' }, (reason, at = 0) => bad(reason, at + BODY));
  }

  #context(vcpu: number, bytes: Uint8Array, bad: Bad): void {
    const context = read(bytes, bad);
    if (context === null) return;
    const { gdtFrames, cr3Frame, userCr3Frame, startInfoFrame } = context;
    const plain = (pfn: number, what: string) => {
      const type = this.#pages.typeOf(pfn);
      if (type === PAGE_TYPE.NOTAB) return true;
      bad(
        `${what} is pfn ${pfn}, which ${type === null ? 'did not come' : `came as ${pageTypeName(type)}`}; it has to be a plain page`,
        VCPU_BODY,
      );
      return false;
    };
    const root = (pfn: number, what: string) => {
      const type = this.#pages.typeOf(pfn);
      if (type !== null && levelOf(type) === 4) return;
      bad(
        `${what} is pfn ${pfn}, which ${type === null ? 'did not come' : `came as ${pageTypeName(type)}`}; it has to be an L4 table`,
        VCPU_BODY,
      );
    };
    gdtFrames.forEach((pfn, index) => {
      plain(pfn, `GDT page ${index}`);
    });
    root(cr3Frame, 'cr3');
    if (userCr3Frame !== null) root(userCr3Frame, 'the user cr3');
    const startInfo = Number(startInfoFrame);
    if (vcpu === 0 && plain(startInfo, 'start_info in rdx') && !this.#pages.mayBeStartInfo(startInfo)) {
      bad(`start_info in rdx is pfn ${startInfo}, whose page does not begin with "xen-"`, VCPU_BODY);
    }
  }
}

/** Where each component of the standard XSAVE format ends (Intel SDM volume 1, 13.4); AMD's end there or before. */
const XSAVE_ENDS: readonly (readonly [bit: bigint, end: number])[] = [
  [0n, 576],
  [1n, 576],
  [2n, 832],
  [3n, 1024],
  [4n, 1088],
  [5n, 1152],
  [6n, 1664],
  [7n, 2688],
  [9n, 2696],
  [17n, 2816],
  [18n, 11008],
  [62n, 960],
];
const XSAVE_MASKS = 16;

/** xcr0, xcr0_accum, and an area for what the second names: none when the vCPU never used any. */
function xsave(view: DataView, bad: Bad): void {
  const [xcr0, accum] = [view.getBigUint64(0, true), view.getBigUint64(8, true)];
  const area = view.byteLength - XSAVE_MASKS;
  const most = XSAVE_ENDS.reduce((end, [bit, ends]) => (((accum >> bit) & 1n) === 1n && ends > end ? ends : end), 0);
  if (area > most) bad(`the area has ${area} bytes; the components 0x${accum.toString(16)} end at ${most}`, VCPU_BODY);
  if ((xcr0 & ~accum) !== 0n)
    bad(`xcr0 0x${xcr0.toString(16)} has what xcr0_accum 0x${accum.toString(16)} lacks`, VCPU_BODY);
  if (area > 0 && (xcr0 & 1n) === 0n) bad('xcr0 has no x87 bit, which no processor allows', VCPU_BODY);
}

function read(bytes: Uint8Array, bad: Bad): ReturnType<typeof readVcpuContext> | null {
  try {
    return readVcpuContext(bytes);
  } catch (error) {
    bad((error as Error).message, VCPU_BODY);
    return null;
  }
}

/** Entries begin with two words, by which they are sorted. MSR 0 is nothing that a guest keeps. */
function ascending(bytes: Uint8Array, { size, what }: { size: number; what: string }, bad: Bad): void {
  const view = viewOf(bytes);
  let last: readonly [number, number] = [-1, -1];
  for (let at = 0; at < bytes.length; at += size) {
    const [index, second] = [view.getUint32(at, true), view.getUint32(at + 4, true)];
    if (index < last[0] || (index === last[0] && second <= last[1])) {
      bad(`${what} 0x${index.toString(16)} comes after a larger one`, BODY + at);
    }
    if (size === 16 && second !== 0)
      bad(`the flags of MSR 0x${index.toString(16)} are 0x${second.toString(16)}, not zero`, BODY + at + 4);
    if (size === 16 && index === 0) bad('MSR 0 is nothing that a guest keeps', BODY + at);
    last = [index, second];
  }
}
