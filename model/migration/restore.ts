/**
 * Builds a domain from the records of a stream (libxc xg_sr_restore*.c). Each record is checked when it comes: order,
 * page numbers, types, sizes. State (shared_info, vCPU contexts) is kept until all pages are there, because the order in
 * which it is applied belongs to the restore policy.
 */
import { codedError, SkewbedError } from '@skewbed/proto/errors.ts';
import { DOMAIN_PAGES_MAX, VCPUS_MAX } from '@skewbed/proto/limits.ts';
import { PAGE_SIZE, type StreamRecord, type StreamRecordType } from '@skewbed/proto/records.ts';
import { Guest } from '../guest/guest.ts';
import { GUEST_PAGES_MIN, layoutOf, P2M_PER_PAGE } from '../guest/layout.ts';
import { writeP2mList } from '../memory/p2m-list.ts';
import { Domain } from '../xen/domain.ts';
import { guestWorld, kernelOf } from '../xen/domain-builder.ts';
import type { Host } from '../xen/host.ts';
import { writeArch } from '../xen/shared-info.ts';
import { refillStartInfo } from '../xen/start-info.ts';
import { localiseContext, readVcpuContext } from '../xen/vcpu-context.ts';
import type { TargetOrder } from './hand-over.ts';
import type { MemoryDigestResult } from './memory-digest.ts';
import { type IncomingRun, PageIntake } from './page-intake.ts';
import type { RestoreOps } from './toolstack-ops.ts';

type Context = { readonly vcpuId: number; readonly context: Uint8Array };

export class Restore {
  private readonly host: Host;
  private readonly order: TargetOrder;
  private readonly ops: RestoreOps;
  private readonly seen = new Set<StreamRecordType>();
  private readonly contexts: Context[] = [];
  private readonly extras: StreamRecord[] = [];
  private sharedInfo: Uint8Array | null = null;
  private domain: Domain | null = null;
  private pages: PageIntake | null = null;

  constructor(host: Host, order: TargetOrder, ops: RestoreOps) {
    this.host = host;
    this.order = order;
    this.ops = ops;
  }

  /** Takes one record. The views in it are not kept. */
  apply(record: StreamRecord): void {
    if (this.seen.has('END')) this.bad(record.type, 'comes after END');
    switch (record.type) {
      case 'X86_PV_INFO':
        this.once(record.type);
        if (record.guestWidth !== 8 || record.ptLevels !== 4)
          this.bad(
            record.type,
            `is of a guest of ${record.guestWidth} bytes and ${record.ptLevels} levels, not 8 and 4`,
          );
        break;
      case 'STATIC_DATA_END':
        this.after(record.type, 'X86_PV_INFO');
        this.once(record.type);
        break;
      case 'X86_PV_P2M_FRAMES':
        this.after(record.type, 'X86_PV_INFO');
        this.once(record.type);
        this.create(record);
        break;
      case 'PAGE_DATA':
        this.after(record.type, 'X86_PV_P2M_FRAMES');
        this.thePages().take(record.entries);
        break;
      case 'VERIFY':
        this.after(record.type, 'PAGE_DATA');
        this.once(record.type);
        this.thePages().startVerify();
        break;
      case 'X86_TSC_INFO':
        this.once(record.type);
        break;
      case 'SHARED_INFO':
        this.after(record.type, 'PAGE_DATA');
        this.once(record.type);
        if (record.page.length !== PAGE_SIZE)
          this.bad(record.type, `is ${record.page.length} bytes long, not ${PAGE_SIZE}`);
        this.sharedInfo = record.page.slice();
        break;
      case 'X86_PV_VCPU_BASIC':
        this.after(record.type, 'PAGE_DATA');
        this.context(record);
        break;
      case 'X86_PV_VCPU_EXTENDED':
        break;
      case 'SKEWBED_SYSTEM_TIME':
        this.extras.push(record);
        break;
      case 'END':
        for (const needed of ['SHARED_INFO', 'X86_PV_VCPU_BASIC'] as const) this.after(record.type, needed);
        this.pages?.finishVerify();
        break;
    }
    this.seen.add(record.type);
  }

  /** Where the bytes of these pages may be put before the record that tells of them is applied; null for nowhere. */
  places(runs: readonly IncomingRun[]): Uint8Array[] | null {
    return this.pages === null || this.seen.has('END') ? null : this.pages.places(runs);
  }

  /** After END: turns page tables back, last of all, when every page has its frame. */
  complete(): void {
    if (!this.seen.has('END'))
      throw new SkewbedError('bad-stream', `migration ${this.order.migration}: the stream stopped before END`);
    this.thePages().localise();
  }

  /** Of the memory, between complete() and finishState(). */
  digest(): MemoryDigestResult {
    return this.thePages().digest();
  }

  /** Applies contexts and shared_info in the policy's order, and writes what names this host's frames. */
  finishState(): void {
    const { host } = this;
    const domain = this.theDomain();
    if (this.ops.order === 'contexts-first') {
      this.setContexts(domain);
      this.copySharedInfo(domain);
    } else {
      this.copySharedInfo(domain);
      this.setContexts(domain);
    }
    const layout = layoutOf(domain.p2m.size);
    writeP2mList(layout, domain.p2m, (pfn) => domain.pageForWrite(pfn));
    writeArch(domain.sharedInfoForWrite(), { pfnToMfnFrameListList: BigInt(domain.p2m.frameOf(layout.p2mTop)) });
    const startInfo = readVcpuContext(domain.vcpus[0]?.context as Uint8Array).startInfoFrame;
    const pfn = domain.p2m.pfnOf(Number(startInfo));
    if (pfn !== layout.startInfo)
      this.bad(
        'X86_PV_VCPU_BASIC',
        `for vCPU 0 says that start_info is pfn ${pfn}; it lies at pfn ${layout.startInfo}`,
      );
    refillStartInfo(domain.pageForWrite(layout.startInfo), {
      nrPages: BigInt(domain.p2m.size),
      sharedInfoMaddr: BigInt(domain.sharedInfoMfn) << 12n,
      flags: 0,
      storeMfn: BigInt(domain.p2m.frameOf(layout.xenstore)),
      consoleMfn: BigInt(domain.p2m.frameOf(layout.console)),
    });
    for (const record of this.extras) this.ops.extraRecord(host, domain, record);
    // What its memory does not hold, or this host does not know, has to show before the commit.
    domain.guest = Guest.fromMemory(domain.p2m.size, kernelOf, guestWorld(host, domain, layout));
    domain.entry = 'restored';
  }

  /** The domain, once it is built. */
  get built(): Domain {
    return this.theDomain();
  }

  drop(why: string): void {
    if (this.domain !== null) this.host.destroy(this.domain.name, why);
    this.domain = null;
  }

  private create({ startPfn, endPfn, frames }: Extract<StreamRecord, { type: 'X86_PV_P2M_FRAMES' }>): void {
    const type = 'X86_PV_P2M_FRAMES';
    const pages = endPfn + 1;
    if (startPfn !== 0 || !Number.isInteger(pages) || pages < GUEST_PAGES_MIN || pages > DOMAIN_PAGES_MAX)
      this.bad(
        type,
        `spans pfn ${startPfn} to ${endPfn}; a domain has ${GUEST_PAGES_MIN} to ${DOMAIN_PAGES_MAX} pages from 0 on`,
      );
    if (frames.length !== Math.ceil(pages / P2M_PER_PAGE))
      this.bad(type, `names ${frames.length} frames for ${pages} pages`);
    const leaves = layoutOf(pages).p2mLeaves;
    if (frames.some((pfn, i) => pfn !== leaves[i]))
      this.bad(type, 'names other pages than those where this guest keeps its p2m');
    // One more for shared_info.
    if (pages + 1 > this.host.memory.free)
      throw new SkewbedError(
        'out-of-memory',
        `host ${this.host.config.name} has ${this.host.memory.free} free frames; domain ${this.order.domain} needs ${pages + 1}: destroy a domain there or give it more frames`,
      );
    const domid = this.host.newDomid(this.order.domain);
    this.domain = new Domain(this.host.memory, { domid, name: this.order.domain, pages });
    this.host.addDomain(this.domain);
    this.pages = new PageIntake(this.host, this.domain, this.order.migration);
    this.ops.begin(this.host, this.domain);
  }

  private context({ vcpuId, context }: Context): void {
    if (!Number.isInteger(vcpuId) || vcpuId < 0 || vcpuId >= VCPUS_MAX)
      this.bad('X86_PV_VCPU_BASIC', `is for vCPU ${vcpuId}; there are 0 to ${VCPUS_MAX - 1}`);
    if (this.contexts.some((c) => c.vcpuId === vcpuId)) this.bad('X86_PV_VCPU_BASIC', `comes twice for vCPU ${vcpuId}`);
    if (vcpuId !== this.contexts.length)
      this.bad('X86_PV_VCPU_BASIC', `for vCPU ${vcpuId} comes where that for vCPU ${this.contexts.length} belongs`);
    this.contexts.push({ vcpuId, context: context.slice() });
  }

  private setContexts(domain: Domain): void {
    domain.allocateVcpus(this.host, this.contexts.length);
    for (const { vcpuId, context } of this.contexts) {
      const local = this.localised(domain, vcpuId, context);
      if (vcpuId === 0) domain.cr3Mfn = readVcpuContext(local).cr3Frame;
      domain.setVcpuContext(this.host, vcpuId, local);
    }
  }

  private localised(domain: Domain, vcpuId: number, context: Uint8Array): Uint8Array {
    try {
      return localiseContext(context, vcpuId, (pfn) => (pfn < domain.p2m.size ? domain.p2m.mfnOf(pfn) : null));
    } catch (error) {
      return this.bad('X86_PV_VCPU_BASIC', `for vCPU ${vcpuId}: ${codedError(error).message}`);
    }
  }

  private copySharedInfo(domain: Domain): void {
    this.ops.copySharedInfo(this.sharedInfo as Uint8Array, domain.sharedInfoForWrite());
  }

  private theDomain(): Domain {
    if (this.domain === null)
      throw new SkewbedError('bad-stream', `migration ${this.order.migration}: there is no X86_PV_P2M_FRAMES yet`);
    return this.domain;
  }

  private thePages(): PageIntake {
    this.theDomain();
    return this.pages as PageIntake;
  }

  private once(type: StreamRecordType): void {
    if (this.seen.has(type)) this.bad(type, 'comes twice');
  }

  private after(type: StreamRecordType, needed: StreamRecordType): void {
    if (!this.seen.has(needed)) this.bad(type, `comes before ${needed}`);
  }

  private bad(type: StreamRecordType, what: string): never {
    throw new SkewbedError(
      'bad-stream',
      `migration ${this.order.migration}: ${type} ${what}; the domain is not built`,
      type,
    );
  }
}
