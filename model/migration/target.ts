/**
 * The target's side of one migration: preparing -> receiving -> received -> running, or aborted. It checks what it is
 * given (order, sizes, page numbers, types), builds the domain from the records and from nothing else, and says the
 * digest of what it has. The guest runs only at commit().
 */
import { SkewbedError } from '@skewbed/proto/errors.ts';
import type { StreamRecord } from '@skewbed/proto/records.ts';
import type { TrueNs } from '@skewbed/proto/units.ts';
import { wrap } from '../patches/compile.ts';
import type { Host } from '../xen/host.ts';
import type { CommitOrder, TargetOrder, TargetPhase } from './hand-over.ts';
import type { IncomingRun } from './page-intake.ts';
import { Restore } from './restore.ts';
import { RESTORE_OPS, type RestoreOps } from './toolstack-ops.ts';

export class MigrationTarget {
  private readonly host: Host;
  private readonly order: TargetOrder;
  private readonly ops: RestoreOps;
  private state: TargetPhase = 'preparing';
  private restore: Restore | null = null;

  constructor(host: Host, order: TargetOrder) {
    this.host = host;
    this.order = order;
    const patched = host.patches.list.some((patch) => patch.name === 'song-2008');
    if (order.restore === 'song-2008' && !patched) {
      throw new SkewbedError(
        'bad-argument',
        `migration ${order.migration}: restore song-2008 needs the patch song-2008 on host ${host.config.name}; name it in the host's patches`,
      );
    }
    this.ops = wrap(
      RESTORE_OPS[order.restore],
      host.patches.list.map((patch) => patch.restore),
    );
  }

  get phase(): TargetPhase {
    return this.state;
  }

  /** Asks the policies, and makes room. */
  prepare(at: TrueNs): void {
    this.expect('prepare', 'preparing');
    this.host.reach(at);
    this.ops.permit(this.host, this.order);
    this.host.newDomid(this.order.domain);
    this.state = 'receiving';
    this.restore = new Restore(this.host, this.order, this.ops);
    this.tell('target preparing');
  }

  apply(at: TrueNs, record: StreamRecord): void {
    this.expect('apply', 'receiving');
    this.host.reach(at);
    this.theRestore().apply(record);
  }

  /** Where the bytes of these pages may be put before the record that tells of them is applied; null for nowhere. */
  places(runs: readonly IncomingRun[]): readonly Uint8Array[] | null {
    return this.state === 'receiving' ? this.theRestore().places(runs) : null;
  }

  /** After END: memory is complete, the domain is built and stays paused. */
  finish(at: TrueNs): { sha256: string; pages: number } {
    this.expect('finish', 'receiving');
    this.host.reach(at);
    const restore = this.theRestore();
    restore.complete();
    const digest = restore.digest();
    this.host.tell({ kind: 'memory-digest', migration: this.order.migration, side: 'target', ...digest });
    restore.finishState();
    this.state = 'received';
    this.tell('target received');
    return digest;
  }

  /** The guest is ours: it runs at `runAt`. */
  commit(at: TrueNs, commit: CommitOrder): void {
    this.expect('commit', 'received');
    this.host.reach(at);
    const domain = this.theRestore().built;
    this.state = 'running';
    this.host.startAt(domain, commit.runAt > at ? commit.runAt : at, () => this.ops.finish(this.host, domain, commit));
    this.tell('target committed');
  }

  /** Gives back everything that was built. */
  abort(at: TrueNs, why: string): void {
    if (this.state === 'running' || this.state === 'aborted') {
      throw new SkewbedError(
        'illegal-state',
        `migration ${this.order.migration}: it cannot be aborted, the target is ${this.state} already`,
      );
    }
    this.host.reach(at);
    this.state = 'aborted';
    this.restore?.drop(why);
    this.tell('target aborted', why);
  }

  private theRestore(): Restore {
    if (this.restore === null)
      throw new SkewbedError('illegal-state', `migration ${this.order.migration}: prepare comes first`);
    return this.restore;
  }

  private expect(op: string, phase: TargetPhase): void {
    if (this.state === phase) return;
    throw new SkewbedError(
      'illegal-state',
      `migration ${this.order.migration}: ${op} is for a target that is ${phase}, this one is ${this.state}`,
    );
  }

  private tell(phase: string, detail?: string): void {
    const { migration, domain } = this.order;
    this.host.tell({ kind: 'migration', migration, domain, phase, ...(detail === undefined ? {} : { detail }) });
  }
}
