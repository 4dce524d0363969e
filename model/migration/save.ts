/**
 * The sender's view of a suspended domain: its records in the order of libxc stream v3 (facts D.5) page tables and
 * contexts with pfns in place of machine frames.
 * Left out: the records of CPUID and MSR policy (a PV guest of ours looks at neither).
 */
import { PAGE_TYPE, type PageEntry, type StreamRecord } from '@skewbed/proto/records.ts';
import { layoutOf } from '../guest/layout.ts';
import { normaliseTable } from '../memory/page-table-transfer.ts';
import { levelOf } from '../memory/page-tables.ts';
import type { Domain } from '../xen/domain.ts';
import type { Host } from '../xen/host.ts';
import { SHARED_INFO } from '../xen/shared-info.ts';
import { normaliseContext } from '../xen/vcpu-context.ts';
import { viewOf } from '../xen/vcpu-info.ts';

/** A page as it travels: null when it is all zero. */
export function savedPage(host: Host, domain: Domain, pfn: number): PageEntry {
  const type = domain.pageTypes.get(pfn) ?? PAGE_TYPE.NOTAB;
  if (!domain.isTouched(pfn)) return { pfn, type, page: null };
  const page = domain.page(pfn);
  const level = levelOf(type);
  if (level === 0) return { pfn, type, page: host.pageOps.isZero(page) ? null : page };
  const table = new Uint8Array(page.length);
  normaliseTable({ from: page, into: table, level, pfnOf: (mfn) => domain.p2m.pfnOf(mfn) });
  return { pfn, type, page: table };
}

/** The records in front of the pages. */
export function headRecords(domain: Domain): StreamRecord[] {
  const { pages, p2mLeaves } = layoutOf(domain.p2m.size);
  return [
    { type: 'X86_PV_INFO', guestWidth: 8, ptLevels: 4 },
    { type: 'STATIC_DATA_END' },
    { type: 'X86_PV_P2M_FRAMES', startPfn: 0, endPfn: pages - 1, frames: p2mLeaves },
  ];
}

/** The records behind the pages. */
export function tailRecords(host: Host, domain: Domain): StreamRecord[] {
  const shared = domain.sharedInfo.slice();
  viewOf(shared).setBigUint64(SHARED_INFO.archPfnToMfnFrameListList, 0n, true);
  const pfnOf = (mfn: number): number | null => domain.p2m.pfnOf(mfn);
  return [
    { type: 'X86_TSC_INFO', mode: 0, khz: Number(host.config.tscHz / 1000n), nsec: host.uptimeNow, incarnation: 1 },
    { type: 'SHARED_INFO', page: shared },
    ...host.patches.save.extraRecords(host, domain),
    ...domain.vcpus.map((vcpu): StreamRecord => {
      return { type: 'X86_PV_VCPU_BASIC', vcpuId: vcpu.id, context: normaliseContext(vcpu.context, vcpu.id, pfnOf) };
    }),
    { type: 'END' },
  ];
}
