/**
 * One domain on one host: its frames, its shared_info, its vCPUs, and the guest that runs in it once there is one.
 * Life cycle (xen/common/domain.c, domctl.c): created paused by the controller; unpaused; shut down with reason suspend;
 * resumed, or destroyed. Destroying gives every frame back.
 * Left out: scheduling between domains (a vCPU runs when it has something to do), memory ballooning.
 */
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { hostUptimeNs, systemTimeNs } from '@skewbed/proto/units.ts';
import type { Guest } from '../guest/guest.ts';
import type { GuestMemory } from '../guest/kernel-data.ts';
import { layoutOf } from '../guest/layout.ts';
import { LogDirty } from '../memory/log-dirty.ts';
import type { MachineMemory } from '../memory/machine.ts';
import { P2m } from '../memory/p2m.ts';
import { auditP2mList } from '../memory/p2m-list.ts';
import { EventChannels } from './event-channel.ts';
import type { Host } from './host.ts';
import { RUNSTATE_AREA_BYTES, writeRunstate } from './runstate-area.ts';
import { readArch } from './shared-info.ts';
import { Vcpu } from './vcpu.ts';
import { readTimeRecord, writeTimeRecord } from './vcpu-info.ts';

/** How the guest's code goes on when the domain is unpaused next. */
export type Entry = 'boot' | 'restored' | 'cancelled' | 'continue';
export type DomainState = 'paused' | 'running' | 'suspended' | 'dead';

/** Each CPU's time is calibrated once a second (EPOCH of X08 local_time_calibration). */
const EPOCH_NS = 1_000_000_000n;

export class Domain implements GuestMemory {
  readonly domid: number;
  readonly name: string;
  /** Owner of its frames in the host's memory. */
  readonly owner: string;
  readonly p2m: P2m;
  readonly logDirty: LogDirty;
  vcpus: readonly Vcpu[] = [];
  readonly channels = new EventChannels();
  readonly sharedInfoMfn: number;
  /** State that a patch keeps about this domain, by the patch's name. */
  readonly patchState = new Map<string, unknown>();
  state: DomainState = 'paused';
  entry: Entry = 'boot';
  /** Frame of the L4 table that cr3 points at, and which pages are tables of which level. */
  cr3Mfn = 0;
  pageTypes: Map<number, number> = new Map();
  guest: Guest | null = null;
  timeOffsetSeconds = 0n;
  /** The migration that moves it away from here, if one does. */
  movedBy: string | null = null;
  private readonly memory: MachineMemory;

  constructor(memory: MachineMemory, shape: { domid: number; name: string; pages: number }) {
    this.memory = memory;
    this.domid = shape.domid;
    this.name = shape.name;
    this.owner = `d${shape.domid}`;
    this.p2m = new P2m(shape.pages);
    this.logDirty = new LogDirty(shape.pages);
    this.sharedInfoMfn = memory.allocate(this.owner, 1)[0] as number;
  }

  /** XEN_DOMCTL_max_vcpus: allocates the vCPUs, offline since now. */
  allocateVcpus(host: Host, count: number): void {
    this.vcpus = Array.from({ length: count }, (_, id) => new Vcpu(id, host.uptimeNow));
  }

  /** Gives frames to pages that have none. */
  populate(pfns: readonly number[]): void {
    const mfns = this.memory.allocate(this.owner, pfns.length);
    for (const [i, pfn] of pfns.entries()) this.p2m.map(pfn, mfns[i] as number);
  }

  page(pfn: number): Uint8Array {
    return this.memory.page(this.p2m.frameOf(pfn));
  }

  pageForWrite(pfn: number): Uint8Array {
    this.logDirty.mark(pfn, 'guest');
    return this.memory.pageForWrite(this.p2m.frameOf(pfn));
  }

  /** Pages from `pfn` on that lie in a row, for who writes every byte of them: what stands there now may be anything. */
  runForWrite(pfn: number, most: number): { readonly count: number; readonly bytes: Uint8Array } {
    const run = this.memory.runForWrite((at) => this.p2m.frameOf(pfn + at), most);
    for (let at = 0; at < run.count; at++) this.logDirty.mark(pfn + at, 'guest');
    return run;
  }

  /** False when nothing was ever written to the page's frame. */
  isTouched(pfn: number): boolean {
    return this.memory.isTouched(this.p2m.frameOf(pfn));
  }

  get sharedInfo(): Uint8Array {
    return this.memory.page(this.sharedInfoMfn);
  }

  sharedInfoForWrite(): Uint8Array {
    return this.memory.pageForWrite(this.sharedInfoMfn);
  }

  /** Writes through a frame number, as the domain builder does. */
  frameForWrite(mfn: number): Uint8Array {
    return this.memory.pageForWrite(mfn);
  }

  /** What is wrong with the p2m list in the guest's memory. */
  auditP2mList(): string[] {
    const top = readArch(this.sharedInfo).pfnToMfnFrameListList;
    return auditP2mList(Number(top), this.p2m, layoutOf(this.p2m.size), (mfn) => this.memory.page(mfn));
  }

  /** Gives everything back to the host. */
  release(): void {
    const mfns = [this.sharedInfoMfn];
    for (let pfn = 0; pfn < this.p2m.size; pfn++) if (this.p2m.mfnOf(pfn) !== null) mfns.push(this.p2m.unmap(pfn));
    this.memory.release(this.owner, mfns);
    this.state = 'dead';
    this.guest = null;
  }

  /** arch_set_info_guest: for vCPU 0, once, Xen publishes this host's wall clock to the domain. */
  setVcpuContext(host: Host, id: number, context: Uint8Array): void {
    const vcpu = this.vcpus[id];
    if (vcpu === undefined) {
      throw new SkewbedError('bad-argument', `vCPU ${id}: domain ${this.name} has vCPUs 0 to ${this.vcpus.length - 1}`);
    }
    vcpu.context = context.slice();
    if (vcpu.initialised) return;
    vcpu.initialised = true;
    if (id === 0) host.timeOps.updateDomainWallclockTime(host, this);
  }

  /** The controller's pause: no vCPU runs, and every clock of the guest goes on without it. */
  pause(host: Host): void {
    this.expect('pause', 'running');
    this.stop(host, 'paused');
    this.entry = 'continue';
  }

  /** SCHEDOP_shutdown(suspend) of all vCPUs. */
  shutdownForSuspend(host: Host): void {
    this.expect('suspend', 'running');
    this.stop(host, 'suspended');
  }

  /** XEN_DOMCTL_resumedomain after a suspend that was cancelled: the hypercall returns 1 in the same domain. */
  resumeAfterSuspend(): void {
    this.expect('resumedomain', 'suspended');
    this.state = 'paused';
    this.entry = 'cancelled';
  }

  expect(op: string, ...states: DomainState[]): void {
    if (states.includes(this.state)) return;
    throw new SkewbedError(
      'illegal-state',
      `${op}: domain ${this.name} is ${this.state}, and has to be ${states.join(' or ')}`,
    );
  }

  /** Switches vCPU 0 in: runstate, its copy in the guest's page, and a fresh time record if Xen calibrated since. */
  switchIn(host: Host): void {
    const vcpu = this.vcpus[0] as Vcpu;
    vcpu.changeRunstate('running', host.uptimeNow);
    if (vcpu.runstateRegistered && this.guest !== null) this.copyRunstate(host, vcpu, this.guest.layout.runstate);
    this.updateVcpuSystemTime(host, vcpu.id);
  }

  switchOut(host: Host): void {
    (this.vcpus[0] as Vcpu).changeRunstate('blocked', host.uptimeNow);
  }

  /** Copies the runstate record to the guest's page, as registering the area and each switch to the vCPU do. */
  copyRunstate(host: Host, vcpu: Vcpu, pfn: number): void {
    const record = vcpu.runstateRecord(host.timeOps.systemTimeOffset(this));
    writeRunstate(this.pageForWrite(pfn), vcpu.id * RUNSTATE_AREA_BYTES, record);
  }

  /** update_vcpu_system_time: skipped when the record already has this CPU's last calibration. */
  private updateVcpuSystemTime(host: Host, id: number): void {
    const now = host.uptimeNow;
    const stamp = hostUptimeNs(now - (now % EPOCH_NS));
    const tscTimestamp = host.clocks.tscAt(stamp);
    const system = systemTimeNs(stamp + host.timeOps.systemTimeOffset(this));
    const page = this.sharedInfoForWrite();
    const old = readTimeRecord(page, id);
    if (old.tscTimestamp === tscTimestamp && old.systemTimeNs === system) return;
    writeTimeRecord(page, id, { tscTimestamp, systemTimeNs: system, ...host.clocks.scale, flags: 0 });
  }

  private stop(host: Host, state: 'paused' | 'suspended'): void {
    this.state = state;
    for (const vcpu of this.vcpus) vcpu.changeRunstate('offline', host.uptimeNow);
  }
}
