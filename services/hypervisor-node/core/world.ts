/**
 * What a node needs of the world that it runs: a host, and the two ends of a migration. model-world.ts makes it from the
 * model; the tests of this folder make it from a script, so that every failure can be had at every step.
 */

import type { CommitOrder, TargetOrder } from '@skewbed/model/migration/hand-over.ts';
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
  openSource(migration: string, domain: string): WorldSource;
  openTarget(order: TargetOrder): WorldTarget;
}

export interface WorldSource {
  prepare(at: TrueNs): void;
  suspend(at: TrueNs): void;
  take(maxPages: number): StreamRecord[];
  digest(): MemoryDigest;
  commit(at: TrueNs): void;
  abort(at: TrueNs, why: string): void;
}

export interface WorldTarget {
  prepare(at: TrueNs): void;
  apply(at: TrueNs, record: StreamRecord): void;
  finish(at: TrueNs): MemoryDigest;
  commit(at: TrueNs, order: CommitOrder): void;
  abort(at: TrueNs, why: string): void;
}

export interface World {
  /** A new host without domains. Throws for a configuration that cannot be. */
  host(config: HostConfig): WorldHost;
}
