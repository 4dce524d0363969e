/**
 * The source's side of one migration: preparing -> suspended -> destroyed, or resumed when it fails before the commit.
 * Nothing here decides the commit; that is the coordinator's journal. After commit() the source's copy is gone.
 */
import { SkewbedError } from '@skewbed/proto/errors.ts';
import type { StreamRecord } from '@skewbed/proto/records.ts';
import type { TrueNs } from '@skewbed/proto/units.ts';
import type { Domain } from '../xen/domain.ts';
import type { Host } from '../xen/host.ts';
import { DOMCTL } from '../xen/hypervisor-ops.ts';
import { runOnVcpu } from '../xen/timer-delivery.ts';
import { setSuspendAnswer } from '../xen/vcpu-context.ts';
import type { SourcePhase } from './hand-over.ts';
import { headRecords, memoryDigest, savedPage, tailRecords } from './save.ts';

export class MigrationSource {
  readonly migration: string;
  readonly domainName: string;
  private readonly host: Host;
  private state: SourcePhase = 'preparing';
  private domain: Domain | null = null;
  private records: Generator<StreamRecord, void, number> | null = null;
  private savedDigest: { sha256: string; pages: number } | null = null;

  constructor(host: Host, migration: string, domain: string) {
    this.host = host;
    this.migration = migration;
    this.domainName = domain;
  }

  get phase(): SourcePhase {
    return this.state;
  }

  /** The domain is here and runs. */
  prepare(at: TrueNs): void {
    this.expect('prepare', 'preparing');
    this.host.reach(at);
    const domain = this.host.domain(this.domainName);
    domain.expect('migrate', 'running');
    this.domain = domain;
    this.tell('source preparing');
  }

  /** The guest suspends itself, exactly at `at`. A guest whose vCPU is stuck in a loop does not answer. */
  suspend(at: TrueNs): void {
    this.expect('suspend', 'preparing');
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
    this.savedDigest = memoryDigest(host, domain);
    host.tell({ kind: 'memory-digest', migration: this.migration, side: 'source', ...this.savedDigest });
    this.records = streamOf(host, domain);
    this.records.next();
    this.tell('source suspended');
  }

  /** The next records, with at most `maxPages` pages in them; [] once END was taken. */
  take(maxPages: number): StreamRecord[] {
    this.expect('take', 'suspended');
    const next = this.records?.next(maxPages);
    return next === undefined || next.done === true ? [] : [next.value as StreamRecord];
  }

  /** Of the memory at suspend. */
  digest(): { sha256: string; pages: number } {
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
    if (suspended) {
      const domain = this.theDomain();
      setSuspendAnswer(domain.vcpus[0]?.context as Uint8Array, 1n);
      this.host.domctl(DOMCTL.resumedomain, domain);
      this.host.unpause(domain);
    }
    this.tell('source resumed', why);
  }

  private theDomain(): Domain {
    if (this.domain === null)
      throw new SkewbedError('illegal-state', `migration ${this.migration}: prepare comes first`);
    return this.domain;
  }

  private expect(op: string, phase: SourcePhase): void {
    if (this.state === phase) return;
    throw new SkewbedError(
      'illegal-state',
      `migration ${this.migration}: ${op} is for a source that is ${phase}, this one is ${this.state}`,
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

/** All records; next(n) gives the following one, with at most n pages. The first next() only starts it. */
function* streamOf(host: Host, domain: Domain): Generator<StreamRecord, void, number> {
  let maxPages = yield { type: 'STATIC_DATA_END' };
  for (const record of headRecords(domain)) maxPages = yield record;
  for (let pfn = 0; pfn < domain.p2m.size; ) {
    const entries = [];
    for (; pfn < domain.p2m.size && entries.length < Math.max(1, maxPages); pfn++)
      entries.push(savedPage(host, domain, pfn));
    maxPages = yield { type: 'PAGE_DATA', entries };
  }
  for (const record of tailRecords(host, domain)) maxPages = yield record;
}
