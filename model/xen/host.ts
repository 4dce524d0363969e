/**
 * One host: a hypervisor with its clocks and memory, the dom0 that sets its wall, the domains on it. step(at, event) is
 * its only door: it is told the time, does everything that is due by then in order, then what the event asks.
 * It never reads a clock and never waits; nextDeadline() says when it wants to be told the time again.
 * Left out: physical CPUs and their scheduling, devices, HVM.
 */
import { SkewbedError } from '@skewbed/proto/errors.ts';
import type { HistoryEvent } from '@skewbed/proto/history.ts';
import type { HostUptimeNs, HostWallNs, TrueNs } from '@skewbed/proto/units.ts';
import { MachineMemory } from '../memory/machine.ts';
import type { PageOps } from '../memory/page-ops.ts';
import { type HostPatches, hostPatches } from '../patches/compile.ts';
import { auditFrames, auditMemory } from './audit.ts';
import { ConsoleLimit } from './console-limit.ts';
import type { Domain } from './domain.ts';
import { createDomain, startGuest } from './domain-builder.ts';
import { callGuest } from './guest-call.ts';
import { HostClocks } from './host-clocks.ts';
import type { HostConfig, HostEvent } from './host-event.ts';
import { DOMCTL } from './hypervisor-ops.ts';
import { NtpActor } from './ntp-actor.ts';
import { deliverInterrupt, missedInterrupt, nextInterrupt } from './timer-delivery.ts';

/** 'merged' skips quiet stretches; 'one-by-one' delivers every interrupt, to hold the first against. */
export type Delivery = 'merged' | 'one-by-one';
/** An event without its stamp. */
type Told = HistoryEvent extends infer E
  ? E extends HistoryEvent
    ? Omit<E, 'at' | 'host' | 'uptimeNs' | 'wallNs'>
    : never
  : never;
/** `of`: the domain whose own interrupt, start or release it is. */
type Deadline = { readonly at: TrueNs; readonly of: Domain | null; readonly run: () => void };

export class Host {
  readonly config: HostConfig;
  readonly clocks: HostClocks;
  readonly memory: MachineMemory;
  readonly pageOps: PageOps;
  readonly patches: HostPatches;
  readonly delivery: Delivery;
  /** UTC at system time 0, as the last do_settime left it. */
  wcNs = 0n;
  private now: TrueNs;
  private nextDomid = 1;
  private readonly ntp: NtpActor;
  private readonly domains = new Map<string, Domain>();
  private readonly starts = new Map<Domain, { readonly at: TrueNs; readonly before: () => void }>();
  private readonly consoles = new ConsoleLimit();
  private told: HistoryEvent[] = [];

  constructor(config: HostConfig, pageOps: PageOps, delivery: Delivery = 'merged') {
    this.config = config;
    this.clocks = new HostClocks(config);
    this.memory = new MachineMemory({ frames: config.frames, salt: config.mfnSalt });
    this.pageOps = pageOps;
    this.patches = hostPatches(config);
    this.delivery = delivery;
    this.now = config.origin;
    this.ntp = new NtpActor(config.origin, config.ntpPeriodNs);
    const { wallSkew, uptimeSkew } = config;
    this.tell({ kind: 'host-started', wallSkew, uptimeSkew, ntp: this.ntp.text });
    this.doSettime('boot', 0n);
  }

  get timeOps(): HostPatches['time'] {
    return this.patches.time;
  }

  get uptimeNow(): HostUptimeNs {
    return this.clocks.uptimeAt(this.now);
  }

  get wallNow(): HostWallNs {
    return this.clocks.wallAt(this.now);
  }

  /** Everything that is due by `at`, then the event. Throws a SkewbedError; what was due has happened then all the same. */
  step(at: TrueNs, event: HostEvent): void {
    this.advance(at);
    if (event.type === 'elapse') return;
    this.catchUp(at);
    this.act(at, event);
  }

  /** Brings the host to an instant at which something else, such as a migration, acts on it. */
  reach(at: TrueNs): void {
    this.advance(at);
    this.catchUp(at);
  }

  /** When this host has something to do by itself, or null. */
  nextDeadline(): TrueNs | null {
    return this.earliest()?.at ?? null;
  }

  /** What happened since the last drain. */
  drain(): HistoryEvent[] {
    const told = this.told;
    this.told = [];
    return told;
  }

  clocksAt(at: TrueNs): { wallNs: HostWallNs; uptimeNs: HostUptimeNs } {
    return { wallNs: this.clocks.wallAt(at), uptimeNs: this.clocks.uptimeAt(at) };
  }

  domainNames(): string[] {
    return [...this.domains.keys()];
  }

  domain(name: string): Domain {
    const domain = this.domains.get(name);
    if (domain === undefined) {
      throw new SkewbedError(
        'not-found',
        `host ${this.config.name} has no domain '${name}'; it has ${[...this.domains.keys()].join(', ') || 'none'}`,
      );
    }
    return domain;
  }

  addDomain(domain: Domain): void {
    this.domains.set(domain.name, domain);
  }

  /** A fresh domid, once it is certain that the name is free. */
  newDomid(name: string): number {
    if (this.domains.has(name)) {
      throw new SkewbedError(
        'already-exists',
        `host ${this.config.name} has a domain '${name}' already; destroy it first, or take another name`,
      );
    }
    return this.nextDomid++;
  }

  /** Unpauses a domain at a later instant; `before` is done right before that. */
  startAt(domain: Domain, at: TrueNs, before: () => void): void {
    this.starts.set(domain, { at, before });
  }

  /** A domctl hypercall of this host's toolstack. An unknown number is -ENOSYS. */
  domctl(number: number, domain: Domain | null, value = 0n): void {
    const handler = this.patches.domctl.get(number);
    if (handler === undefined) {
      throw new SkewbedError(
        'not-found',
        `host ${this.config.name} has no domctl ${number} (-ENOSYS); the patch that adds it is not in its hypervisor`,
      );
    }
    handler(this, domain, value);
  }

  unpause(domain: Domain): void {
    domain.expect('unpause', 'paused');
    domain.state = 'running';
    startGuest(this, domain);
  }

  /** Writes an event into the history with the clocks of this instant. */
  tell(event: Told): void {
    this.told.push({
      at: this.now,
      host: this.config.name,
      uptimeNs: this.uptimeNow,
      wallNs: this.wallNow,
      ...event,
    } as HistoryEvent);
  }

  /** Reads the guest's probes into the history. */
  probe(domain: Domain, why: 'tick' | 'spin' | 'release' | 'asked' | 'suspend' | 'start'): void {
    if (domain.guest === null) return;
    const { reading, held } = domain.guest.observe(domain.vcpus[0]?.runstate ?? 'offline');
    this.tell({ kind: 'probe', domain: domain.name, why, reading, held });
  }

  consoleLine(domain: Domain, line: string): void {
    if (this.consoles.allows(domain.name, this.uptimeNow))
      this.tell({ kind: 'console', domain: domain.name, line, times: 1n });
  }

  /** Takes the domain off the host and gives its frames back. */
  destroy(name: string, why: string): void {
    const domain = this.domain(name);
    domain.release();
    this.starts.delete(domain);
    this.domains.delete(name);
    this.tell({ kind: 'domain-destroyed', domain: name, why });
  }

  private act(at: TrueNs, event: Exclude<HostEvent, { type: 'elapse' }>): void {
    switch (event.type) {
      case 'settime': {
        const wall = event.to.kind === 'absolute' ? event.to.wallNs : this.wallNow + event.to.byNs;
        this.doSettime(event.by, this.clocks.setWall(at, wall));
        break;
      }
      case 'set-skew':
        this.clocks.setSkew(at, event);
        // The next interrupts are not like the last ones.
        for (const domain of this.domains.values()) domain.guest?.unpaused();
        this.tell({ kind: 'skew-set', clock: event.clock, skew: event.skew });
        break;
      case 'set-ntp':
        this.ntp.set(at, event.periodNs);
        this.tell({ kind: 'ntp-set', ntp: this.ntp.text });
        break;
      case 'create-domain':
        this.domains.set(event.spec.name, createDomain(this, event.spec, this.newDomid(event.spec.name)));
        break;
      case 'unpause':
        this.domctl(DOMCTL.unpausedomain, this.domain(event.domain));
        break;
      case 'pause':
        this.domctl(DOMCTL.pausedomain, this.domain(event.domain));
        break;
      case 'destroy':
        this.destroy(event.domain, event.why);
        break;
      case 'call-guest':
        callGuest(this, this.domain(event.domain), event.call);
        break;
      case 'observe':
        this.probe(this.domain(event.domain), 'asked');
        break;
      case 'audit':
        for (const domain of this.domains.values()) auditMemory(this, domain);
        auditFrames(this);
        break;
    }
  }

  /** do_settime: wc is worked out anew and published to every domain. */
  private doSettime(by: 'ntp' | 'date' | 'boot', steppedNs: bigint): void {
    this.wcNs = this.wallNow - this.uptimeNow;
    this.tell({ kind: 'settime', by, steppedNs });
    for (const domain of this.domains.values()) this.timeOps.updateDomainWallclockTime(this, domain);
  }

  private advance(at: TrueNs): void {
    if (at < this.now) {
      throw new SkewbedError(
        'crash',
        `host ${this.config.name} was stepped back from ${this.now} ns to ${at} ns of true time`,
      );
    }
    for (let next = this.earliest(); next !== null && next.at <= at; next = this.earliest()) {
      if (next.at > this.now) this.now = next.at;
      // Or the quiet stretch of another guest, which began before now, would be counted from now again.
      this.catchUp(this.now, next.of);
      next.run();
    }
    this.now = at;
  }

  private catchUp(at: TrueNs, except: Domain | null = null): void {
    const uptime = this.clocks.uptimeAt(at);
    for (const domain of this.domains.values()) {
      const missed = domain === except ? null : missedInterrupt(this, domain, uptime);
      if (missed === null) continue;
      this.now = this.clocks.instantOf(missed.at);
      deliverInterrupt(this, domain, missed);
      this.now = at;
    }
  }

  private earliest(): Deadline | null {
    let first: Deadline | null = null;
    const offer = (at: TrueNs, of: Domain | null, run: () => void): void => {
      if (first === null || at < first.at) first = { at, of, run };
    };
    if (this.ntp.next !== null) offer(this.ntp.next, null, () => this.ntpPublishes());
    for (const [domain, { at, before }] of this.starts) {
      offer(at, domain, () => {
        this.starts.delete(domain);
        before();
        this.unpause(domain);
      });
    }
    for (const domain of this.domains.values()) this.offerGuest(domain, (at, run) => offer(at, domain, run));
    return first;
  }

  private offerGuest(domain: Domain, offer: (at: TrueNs, run: () => void) => void): void {
    const interrupt = nextInterrupt(this, domain);
    if (interrupt !== null) offer(this.clocks.instantOf(interrupt.at), () => deliverInterrupt(this, domain, interrupt));
    if (domain.state !== 'running' || domain.guest === null) return;
    const offset = this.timeOps.systemTimeOffset(domain);
    for (const release of domain.guest.releases()) {
      const at = this.clocks.instantOf(release - offset);
      if (at > this.now) offer(at, () => this.probe(domain, 'release'));
    }
  }

  private ntpPublishes(): void {
    this.doSettime('ntp', 0n);
    this.ntp.done(this.now);
  }
}
