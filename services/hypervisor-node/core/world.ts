/**
 * What a node needs of the world that it runs: a host, and the two ends of a migration. model-world.ts makes it from the
 * model; the tests of this folder make it from a script, so that every failure can be had at every step.
 */

import type { CommitOrder, TargetOrder } from '@skewbed/model/migration/hand-over.ts';
import type { LiveProgress } from '@skewbed/model/migration/live-copy.ts';
import type { IncomingRun } from '@skewbed/model/migration/page-intake.ts';
import type { PrecopyOrder } from '@skewbed/model/migration/policies/index.ts';
import type { SourceOptions } from '@skewbed/model/migration/source.ts';
import type { HostConfig, HostEvent } from '@skewbed/model/xen/host-event.ts';
import type { HistoryEvent } from '@skewbed/proto/history.ts';
import type { StreamRecord } from '@skewbed/proto/records.ts';
import type { HostUptimeNs, HostWallNs, TrueNs } from '@skewbed/proto/units.ts';

export type HostClocks = { readonly wallNs: HostWallNs; readonly uptimeNs: HostUptimeNs };
export type MemoryDigest = { readonly sha256: string; readonly pages: number };

/** A host as model/xen/host.ts has it. `at` never decreases from one call to the next. */
export interface WorldHost {
  step(at: TrueNs, event: HostEvent): void;
  nextDeadline(): TrueNs | null;
  drain(): HistoryEvent[];
  clocksAt(at: TrueNs): HostClocks;
  domainNames(): string[];
  openSource(migration: string, domain: string, options: SourceOptions): WorldSource;
  openTarget(order: TargetOrder): WorldTarget;
}

export interface WorldSource {
  /** Null where there is no pre-copy. */
  readonly progress: LiveProgress | null;
  prepare(at: TrueNs): void;
  /** 'none' where the order has no pre-copy: then nothing happens before the suspend. */
  startPrecopy(at: TrueNs, order: PrecopyOrder): 'precopy' | 'none';
  /** Every batch of this pass is applied; it took so many bytes on the wire. */
  endPass(at: TrueNs, bytes: number): 'pass' | 'stop';
  suspend(at: TrueNs): void;
  take(maxPages: number): StreamRecord[];
  digest(): MemoryDigest;
  commit(at: TrueNs): void;
  abort(at: TrueNs, why: string): void;
}

export interface WorldTarget {
  prepare(at: TrueNs): void;
  apply(at: TrueNs, record: StreamRecord): void;
  /**
   * Where the bytes of these pages may be put before the record that tells of them is applied; null, or no such method,
   * for nowhere.
   */
  places?(runs: readonly IncomingRun[]): readonly Uint8Array[] | null;
  finish(at: TrueNs): MemoryDigest;
  commit(at: TrueNs, order: CommitOrder): void;
  abort(at: TrueNs, why: string): void;
}

export interface World {
  /** A new host without domains. Throws for a configuration that cannot be. */
  host(config: HostConfig): WorldHost;
}
