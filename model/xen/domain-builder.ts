/**
 * Builds a fresh PV domain (libxc xc_dom_*): frames, page tables, p2m list, start_info, shared_info, vCPU contexts, and
 * the guest in it; and starts a guest's code when its domain is unpaused, wherever that code left off.
 */

import type { GuestEvents } from '../guest/guest.ts';
import { Guest } from '../guest/guest.ts';
import type { Kernel } from '../guest/kernel.ts';
import { KERNELS } from '../guest/kernels/index.ts';
import { type GuestLayout, layoutOf } from '../guest/layout.ts';
import { writeP2mList } from '../memory/p2m-list.ts';
import { buildPageTables } from '../memory/page-tables.ts';
import { guestKernel } from '../patches/compile.ts';
import { Domain } from './domain.ts';
import { guestWindow } from './guest-window.ts';
import type { Host } from './host.ts';
import type { DomainSpec } from './host-event.ts';
import { resetEvents, writeArch } from './shared-info.ts';
import { buildStartInfo } from './start-info.ts';
import { runOnVcpu } from './timer-delivery.ts';
import { buildVcpuContext, VGCF } from './vcpu-context.ts';

const PAGE_SHIFT = 12n;

/** The kernel of a guest, with the patches that were compiled into it. */
export const kernelOf = (spec: DomainSpec): Kernel => guestKernel(KERNELS[spec.kernel], spec.patches);

/** Creates a domain with a guest that has not run yet. It is paused. */
export function createDomain(host: Host, spec: DomainSpec, domid: number): Domain {
  const kernel = kernelOf(spec);
  const layout = layoutOf(spec.pages);
  const domain = new Domain(host.memory, { domid, name: spec.name, pages: spec.pages });
  domain.allocateVcpus(host, spec.vcpus);
  try {
    domain.populate(Array.from({ length: spec.pages }, (_, pfn) => pfn));
  } catch (error) {
    domain.release();
    throw error;
  }
  buildMemory(domain, layout);
  for (const vcpu of domain.vcpus) domain.setVcpuContext(host, vcpu.id, firstContext(domain, layout, vcpu.id));
  domain.guest = Guest.create(kernel, spec, guestWorld(host, domain, layout));
  host.tell({ kind: 'domain-created', domain: spec.name, kernel: spec.kernel, pages: spec.pages, vcpus: spec.vcpus });
  return domain;
}

/** What a guest in this domain is given. */
export function guestWorld(host: Host, domain: Domain, layout: GuestLayout) {
  return { xen: guestWindow(host, domain, layout.runstate), memory: domain, events: guestEvents(host, domain) };
}

/** Lets the guest's code run: from its start, from behind HYPERVISOR_suspend, or where a pause stopped it. */
export function startGuest(host: Host, domain: Domain): void {
  const { entry } = domain;
  domain.entry = 'continue';
  // A vCPU that never ran here enters the runstates with this switch.
  runOnVcpu(host, domain, () => {
    const { guest } = domain;
    if (guest === null) return;
    if (entry === 'continue') {
      guest.unpaused();
      return;
    }
    if (entry !== 'cancelled') bindChannels(domain);
    if (entry === 'boot') guest.boot();
    else guest.resume(entry);
    const how = entry === 'boot' ? 'booted' : entry === 'restored' ? 'restored' : 'resumed';
    host.tell({ kind: 'guest-started', domain: domain.name, how });
    host.probe(domain, 'start');
  });
}

/** irq_resume: the guest binds what it needs. */
function bindChannels(domain: Domain): void {
  for (const use of ['virq-timer', 'suspend', 'programs'] as const)
    domain.channels.bind(domain.sharedInfoForWrite(), use);
}

function buildMemory(domain: Domain, layout: GuestLayout): void {
  const tables = buildPageTables({
    pages: layout.pages,
    tablePfns: layout.pageTables,
    p2m: domain.p2m,
    pageForWrite: (mfn) => domain.frameForWrite(mfn),
  });
  domain.cr3Mfn = tables.cr3Mfn;
  domain.pageTypes = new Map(tables.types);
  writeP2mList(layout, domain.p2m, (pfn) => domain.pageForWrite(pfn));
  const shared = domain.sharedInfoForWrite();
  resetEvents(shared, domain.vcpus.length);
  writeArch(shared, {
    maxPfn: BigInt(layout.pages),
    pfnToMfnFrameListList: BigInt(domain.p2m.frameOf(layout.p2mTop)),
  });
  buildStartInfo(domain.pageForWrite(layout.startInfo), {
    nrPages: BigInt(layout.pages),
    sharedInfoMaddr: BigInt(domain.sharedInfoMfn) << PAGE_SHIFT,
    flags: 0,
    storeMfn: BigInt(domain.p2m.frameOf(layout.xenstore)),
    storeEvtchn: 0,
    consoleMfn: BigInt(domain.p2m.frameOf(layout.console)),
    consoleEvtchn: 0,
    ptBase: 0n,
    nrPtFrames: BigInt(layout.pageTables.length),
    mfnList: 0n,
    firstP2mPfn: BigInt(layout.p2mLeaves[0] as number),
    nrP2mFrames: BigInt(layout.p2mLeaves.length),
  });
}

function firstContext(domain: Domain, layout: GuestLayout, id: number): Uint8Array {
  return buildVcpuContext({
    flags: VGCF.inKernel | VGCF.online,
    rax: 0n,
    startInfoFrame: id === 0 ? BigInt(domain.p2m.frameOf(layout.startInfo)) : 0n,
    rip: 0n,
    cr3Frame: domain.cr3Mfn,
    userCr3Frame: null,
    gdtFrames: [],
    gdtEntries: 0,
  });
}

function guestEvents(host: Host, domain: Domain): GuestEvents {
  return {
    timerArmed: (timer, timerKind, lengthNs) =>
      host.tell({ kind: 'timer-armed', domain: domain.name, timer, timerKind, lengthNs }),
    timerReturned: (timer, saw) => {
      const target = saw.targetNs === null ? {} : { targetNs: saw.targetNs };
      host.tell({
        kind: 'timer-returned',
        domain: domain.name,
        timer,
        dateNs: saw.dateNs,
        monotonicNs: saw.monotonicNs,
        ...target,
      });
    },
  };
}
