/**
 * The source's side of one migration: preparing -> (precopy ->) suspended -> destroyed, or resumed when it fails before
 * the commit. Without pre-copy everything is sent after the suspend; with it, only what is dirty then.
 * Nothing here decides the commit; that is the coordinator's journal. After commit() the source's copy is gone.
 */
import { SkewbedError } from '@skewbed/proto/errors.ts';
import type { PageEntry, StreamRecord } from '@skewbed/proto/records.ts';
import type { TrueNs } from '@skewbed/proto/units.ts';
import { DirtyBitmap } from '../memory/log-dirty.ts';
import type { Domain } from '../xen/domain.ts';
import type { Host } from '../xen/host.ts';
import { DOMCTL } from '../xen/hypervisor-ops.ts';
import { runOnVcpu } from '../xen/timer-delivery.ts';
import { setSuspendAnswer } from '../xen/vcpu-context.ts';
import type { SourcePhase } from './hand-over.ts';
import { LiveCopy, type LiveProgress } from './live-copy.ts';
import { MemoryDigest, type MemoryDigestResult } from './memory-digest.ts';
import { type PrecopyOrder, precopyPolicy } from './policies/index.ts';
import { headRecords, savedPage, tailRecords } from './save.ts';

/** 'verify': after the last pass every page goes once more, and the target compares. */
export type SourceOptions = { readonly verify: 'off' | 'every-page' };

export class MigrationSource {
  readonly migration: string;
  readonly domainName: string;
  private readonly host: Host;
  private readonly options: SourceOptions;
  private state: SourcePhase = 'preparing';
  private domain: Domain | null = null;
  private live: LiveCopy | null = null;
  private memoryDigest: MemoryDigest | null = null;
  private records: Generator<StreamRecord, void, number> | null = null;
  private savedDigest: MemoryDigestResult | null = null;

  constructor(host: Host, migration: string, domain: string, options: SourceOptions = { verify: 'off' }) {
    this.host = host;
    this.migration = migration;
    this.domainName = domain;
    this.options = options;
  }

  get phase(): SourcePhase {
    return this.state;
  }

  /** Of the pre-copy; null where there is none. */
  get progress(): LiveProgress | null {
    return this.live?.progress ?? null;
  }

  /** The domain is here and runs, and nobody else moves it. */
  prepare(at: TrueNs): void {
    this.expect('prepare', 'preparing');
    this.host.reach(at);
    const domain = this.host.domain(this.domainName);
    domain.expect('migrate', 'running');
    if (domain.movedBy !== null) {
      throw new SkewbedError(
        'illegal-state',
        `migration ${this.migration}: domain ${domain.name} is being moved by ${domain.movedBy} already; wait for its end, or cancel it`,
      );
    }
    domain.movedBy = this.migration;
    this.domain = domain;
    this.tell('source preparing');
  }

  /** Starts to copy while the guest runs. Where the order has no pre-copy nothing happens, and 'none' is the answer. */
  startPrecopy(at: TrueNs, order: PrecopyOrder): 'precopy' | 'none' {
    this.expect('pre-copy', 'preparing');
    const policy = precopyPolicy(order);
    if (policy === null) return 'none';
    const domain = this.theDomain();
    this.host.reach(at);
    domain.expect('pre-copy', 'running');
    this.memoryDigest = new MemoryDigest(this.host, domain);
    this.live = new LiveCopy(this.host, domain, { policy, head: headRecords(domain), digest: this.memoryDigest, at });
    this.state = 'precopy';
    this.tell('source precopy', order.policy);
    return 'precopy';
  }

  /** All of this pass is applied on the target; it took `bytes` on the wire. 'stop': the policy wants the guest stopped. */
  endPass(at: TrueNs, bytes: number): 'pass' | 'stop' {
    this.expect('the end of a pass', 'precopy');
    return this.theLiveCopy().endPass(at, bytes);
  }

  /** The guest suspends itself, exactly at `at`. A guest whose vCPU is stuck in a loop does not answer. */
  suspend(at: TrueNs): void {
    this.expect('suspend', 'preparing', 'precopy');
    const { host } = this;
    const domain = this.theDomain();
    host.reach(at);
    domain.expect('suspend', 'running');
    host.probe(domain, 'suspend');
    if (domain.guest?.spinsUntil !== null) {
      throw new SkewbedError(
        'illegal-state',
        `migration ${this.migration}: guest ${domain.name} does not answer the suspend request, its vCPU runs with interrupts off`,
      );
    }
    runOnVcpu(host, domain, () => {
      domain.channels.send(domain.sharedInfoForWrite(), 'suspend');
      if (!domain.channels.upcall(domain.sharedInfoForWrite()).includes('suspend')) return;
      domain.guest?.suspend();
      domain.shutdownForSuspend(host);
    });
    domain.expect('save', 'suspended');
    host.tell({ kind: 'guest-suspended', domain: domain.name });
    this.state = 'suspended';
    const pages = this.live?.lastPass() ?? DirtyBitmap.full(domain.p2m.size);
    // After a pre-copy the pages can go first: the target works on them while the digest is worked out here.
    if (this.live === null) this.workOutDigest(domain);
    this.records = this.lastRecords(domain, pages);
    this.records.next();
    this.tell('source suspended');
  }

  /** The next records, with at most `maxPages` pages in them; [] at the end of a live pass, and once END was taken. */
  take(maxPages: number): StreamRecord[] {
    this.expect('take', 'suspended', 'precopy');
    if (this.records === null) return this.theLiveCopy().take(maxPages);
    const next = this.records.next(maxPages);
    return next.done === true ? [] : [next.value];
  }

  /** Of the memory at suspend. */
  digest(): MemoryDigestResult {
    if (this.savedDigest === null && this.state === 'suspended') return this.workOutDigest(this.theDomain());
    if (this.savedDigest === null)
      throw new SkewbedError(
        'illegal-state',
        `migration ${this.migration}: there is no digest before the guest is suspended`,
      );
    return this.savedDigest;
  }

  /** The guest is the target's now. */
  commit(at: TrueNs): void {
    this.expect('commit', 'suspended');
    this.host.reach(at);
    this.state = 'destroyed';
    this.host.destroy(this.domainName, `migrated away by ${this.migration}`);
    this.tell('source destroyed');
  }

  /** The migration fails before its commit: the guest goes on here, as from a cancelled suspend. */
  abort(at: TrueNs, why: string): void {
    if (this.state === 'destroyed' || this.state === 'resumed') {
      throw new SkewbedError(
        'illegal-state',
        `migration ${this.migration}: it cannot be aborted, the source is ${this.state} already`,
      );
    }
    this.host.reach(at);
    const suspended = this.state === 'suspended';
    this.state = 'resumed';
    if (this.domain !== null) this.domain.movedBy = null;
    this.live?.release();
    if (suspended) {
      const domain = this.theDomain();
      setSuspendAnswer(domain.vcpus[0]?.context as Uint8Array, 1n);
      this.host.domctl(DOMCTL.resumedomain, domain);
      this.host.unpause(domain);
    }
    this.tell('source resumed', why);
  }

  private workOutDigest(domain: Domain): MemoryDigestResult {
    const digest = (this.memoryDigest ?? new MemoryDigest(this.host, domain)).result();
    this.savedDigest = digest;
    this.host.tell({ kind: 'memory-digest', migration: this.migration, side: 'source', ...digest });
    return digest;
  }

  /** The first next() only starts it; after that each takes how many pages the record may have. */
  private *lastRecords(domain: Domain, pages: DirtyBitmap): Generator<StreamRecord, void, number> {
    let maxPages = yield { type: 'STATIC_DATA_END' };
    if (this.live === null) for (const record of headRecords(domain)) maxPages = yield record;
    maxPages = yield* this.pageRecords(domain, pages, maxPages);
    if (this.options.verify === 'every-page') {
      maxPages = yield { type: 'VERIFY' };
      maxPages = yield* this.pageRecords(domain, DirtyBitmap.full(domain.p2m.size), maxPages);
    }
    for (const record of tailRecords(this.host, domain)) maxPages = yield record;
  }

  private *pageRecords(domain: Domain, pages: DirtyBitmap, first: number): Generator<StreamRecord, number, number> {
    let maxPages = first;
    let entries: PageEntry[] = [];
    for (const pfn of pages.pfns()) {
      entries.push(savedPage(this.host, domain, pfn));
      if (entries.length < Math.max(1, maxPages)) continue;
      maxPages = yield { type: 'PAGE_DATA', entries };
      entries = [];
    }
    return entries.length > 0 ? yield { type: 'PAGE_DATA', entries } : maxPages;
  }

  private theDomain(): Domain {
    if (this.domain === null)
      throw new SkewbedError('illegal-state', `migration ${this.migration}: prepare comes first`);
    return this.domain;
  }

  private theLiveCopy(): LiveCopy {
    if (this.live === null) throw new SkewbedError('illegal-state', `migration ${this.migration}: no pre-copy runs`);
    return this.live;
  }

  private expect(op: string, ...phases: SourcePhase[]): void {
    if (phases.includes(this.state)) return;
    throw new SkewbedError(
      'illegal-state',
      `migration ${this.migration}: ${op} is for a source that is ${phases.join(' or ')}, this one is ${this.state}`,
    );
  }

  private tell(phase: string, detail?: string): void {
    this.host.tell({
      kind: 'migration',
      migration: this.migration,
      domain: this.domainName,
      phase,
      ...(detail === undefined ? {} : { detail }),
    });
  }
}
