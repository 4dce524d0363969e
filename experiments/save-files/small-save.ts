/**
 * The smallest save file that has everything: a PV guest of nine pages and two vCPUs, with xl's and libxl's framing, both
 * policies, tables of all four levels, a page without data, and every record of a vCPU. 40 KiB, so that a test can damage
 * it a hundred thousand times. Made by hand, from the numbers of the format alone.
 */
import { resetEvents, writeArch, writeWallclock } from '@skewbed/model/xen/shared-info.ts';
import { START_INFO_MAGIC } from '@skewbed/model/xen/start-info.ts';
import { buildVcpuContext, VGCF } from '@skewbed/model/xen/vcpu-context.ts';
import { saveFileBytes } from '@skewbed/proto/libxc/save-file-writer.ts';
import type { SaveItem } from '@skewbed/proto/libxc/save-item.ts';
import { type FileRecord, PAGE_SIZE, PAGE_TYPE, type PageEntry } from '@skewbed/proto/records.ts';
import { configOf } from './domain-config.ts';

const PAGES = 9;
const PFN = { startInfo: 0, p2m: 1, l4: 2, l3: 3, l2: 4, l1: 5, data: 6, zero: 7, absent: 8 } as const;
const PRESENT = 0x27n;

/** The items of the file. */
export function smallSave(): SaveItem[] {
  const record = (each: FileRecord): SaveItem => ({ kind: 'record', record: each });
  return [
    {
      kind: 'xl-header',
      mandatoryFlags: 3,
      optionalFlags: 0,
      config: configOf({ name: 'small', vcpus: 2, pages: PAGES }),
    },
    { kind: 'libxl-header', options: 0 },
    { kind: 'libxl-record', record: { type: 'LIBXC_CONTEXT' } },
    { kind: 'image-header', version: 3 },
    { kind: 'domain-header', domainType: 'x86 PV', xenMajor: 4, xenMinor: 17 },
    ...records().map(record),
    { kind: 'libxl-record', record: { type: 'END' } },
  ];
}

/** The bytes of the file. */
export function smallSaveBytes(items: readonly SaveItem[] = smallSave()): Uint8Array {
  const chunks = [...saveFileBytes(items)];
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

function records(): FileRecord[] {
  return [
    { type: 'X86_PV_INFO', guestWidth: 8, ptLevels: 4 },
    { type: 'X86_CPUID_POLICY', leaves: words32([0, 0xffffffff, 1, 2, 3, 4, 1, 0xffffffff, 5, 6, 7, 8]) },
    { type: 'X86_MSR_POLICY', entries: words32([0xce, 0, 1, 0, 0x10a, 0, 2, 0]) },
    { type: 'STATIC_DATA_END' },
    { type: 'X86_PV_P2M_FRAMES', startPfn: 0, endPfn: PAGES - 1, frames: [PFN.p2m] },
    { type: 'PAGE_DATA', entries: pages().slice(0, 6) },
    { type: 'PAGE_DATA', entries: pages().slice(6) },
    { type: 'X86_TSC_INFO', mode: 0, khz: 2_000_000, nsec: 5_000_000_000n, incarnation: 1 },
    { type: 'SHARED_INFO', page: sharedInfo() },
    { type: 'X86_PV_VCPU_BASIC', vcpuId: 0, context: context(PFN.startInfo) },
    { type: 'X86_PV_VCPU_EXTENDED', vcpuId: 0, context: extended(0) },
    { type: 'X86_PV_VCPU_XSAVE', vcpuId: 0, context: new Uint8Array(16) },
    { type: 'X86_PV_VCPU_MSRS', vcpuId: 0, context: words32([0x48, 0, 1, 0]) },
    { type: 'X86_PV_VCPU_BASIC', vcpuId: 1, context: context(0) },
    { type: 'END' },
  ];
}

function pages(): PageEntry[] {
  const entry = (pfn: number, type: number, page: Uint8Array | null = null): PageEntry => ({ pfn, type, page });
  const startInfo = new Uint8Array(PAGE_SIZE);
  startInfo.set(new TextEncoder().encode(START_INFO_MAGIC));
  const everyPage = Array.from({ length: PAGES - 1 }, (_, pfn) => BigInt(pfn));
  return [
    entry(PFN.startInfo, PAGE_TYPE.NOTAB, startInfo),
    entry(PFN.p2m, PAGE_TYPE.NOTAB, words64(everyPage.map((pfn) => 0x1000n + pfn))),
    entry(PFN.l4, PAGE_TYPE.L4PINNED, table([[272, PFN.l3]])),
    entry(PFN.l3, PAGE_TYPE.L3TAB, table([[0, PFN.l2]])),
    entry(PFN.l2, PAGE_TYPE.L2TAB, table([[0, PFN.l1]])),
    entry(PFN.l1, PAGE_TYPE.L1TAB, table(everyPage.map((pfn) => [Number(pfn), Number(pfn)]))),
    entry(PFN.data, PAGE_TYPE.NOTAB, new Uint8Array(PAGE_SIZE).fill(0xa5)),
    entry(PFN.zero, PAGE_TYPE.NOTAB),
    entry(PFN.absent, PAGE_TYPE.XTAB),
  ];
}

function table(entries: readonly (readonly [slot: number, pfn: number])[]): Uint8Array {
  const page = new Uint8Array(PAGE_SIZE);
  const view = new DataView(page.buffer);
  for (const [slot, pfn] of entries) view.setBigUint64(8 * slot, (BigInt(pfn) << 12n) | PRESENT, true);
  return page;
}

function sharedInfo(): Uint8Array {
  const page = new Uint8Array(PAGE_SIZE);
  resetEvents(page, 2);
  writeArch(page, { maxPfn: BigInt(PAGES) });
  writeWallclock(page, { wcNs: 1_200_000_000_000_000_000n, width: 'u64' });
  return page;
}

function context(startInfo: number): Uint8Array {
  const flags = VGCF.inKernel | VGCF.online;
  const gdt = { gdtFrames: [], gdtEntries: 0 };
  return buildVcpuContext({
    flags,
    rax: 0n,
    startInfoFrame: BigInt(startInfo),
    rip: 0n,
    cr3Frame: PFN.l4,
    userCr3Frame: null,
    ...gdt,
  });
}

function extended(vcpu: number): Uint8Array {
  const blob = new Uint8Array(64);
  const view = new DataView(blob.buffer);
  view.setUint32(0, vcpu, true);
  view.setUint32(4, blob.length, true);
  return blob;
}

function words32(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((value, index) => {
    view.setUint32(4 * index, value, true);
  });
  return bytes;
}

function words64(values: readonly bigint[]): Uint8Array {
  const bytes = new Uint8Array(PAGE_SIZE);
  const view = new DataView(bytes.buffer);
  values.forEach((value, index) => {
    view.setBigUint64(8 * index, value, true);
  });
  return bytes;
}
