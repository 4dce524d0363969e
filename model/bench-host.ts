/**
 * One host and one guest as tests of the model set them up, where the trials of laboratory.ts do too much. A host's
 * clocks are plain here: uptime 1000 s and the wall of 2008-11-27 08:21:44 UTC at true time zero.
 */

import type { PageEntry, StreamRecord } from '@skewbed/proto/records.ts';
import { hostWallNs, NS_PER_S, type TrueNs, trueNs } from '@skewbed/proto/units.ts';
import { BENCH_PAGE_OPS } from './laboratory.ts';
import type { RestorePolicy } from './migration/hand-over.ts';
import { MigrationSource } from './migration/source.ts';
import { MigrationTarget } from './migration/target.ts';
import { Host } from './xen/host.ts';
import type { DomainSpec, GuestCall, HostConfig } from './xen/host-event.ts';

export const GUEST = 'guest';
export const BENCH_WALL = hostWallNs(1_227_774_104n * NS_PER_S);
export const BENCH_UPTIME_S = 1000n;

/** A host named a, with these differences. */
export function benchHost(differences: Partial<HostConfig> = {}): Host {
  const config: HostConfig = {
    name: 'a',
    origin: trueNs(0n),
    wallSkew: '+0s',
    utcAtZeroNs: BENCH_WALL,
    uptimeSkew: `+${BENCH_UPTIME_S}s`,
    ntpPeriodNs: null,
    tscHz: 1_000_000_000n,
    frames: 1024,
    mfnSalt: 1,
    patches: [],
    domctl51: false,
    ...differences,
  };
  return new Host(config, BENCH_PAGE_OPS);
}

/** A guest of 128 pages with K1, with these differences. */
export const benchSpec = (differences: Partial<DomainSpec> = {}): DomainSpec => ({
  name: GUEST,
  kernel: 'xenlinux-2.6.18',
  build: 'smp',
  vcpus: 1,
  pages: 128,
  hz: 100,
  patches: [],
  reader: 'each-tick',
  writerPages: 4,
  ...differences,
});

/** Seconds of true time. */
export const at = (seconds: number): TrueNs => trueNs(BigInt(Math.round(seconds * 1e6)) * 1_000n);

/** Creates the guest at true time zero and lets it run. */
export function startBenchGuest(host: Host, differences: Partial<DomainSpec> = {}): void {
  const spec = benchSpec(differences);
  host.step(at(0), { type: 'create-domain', spec });
  host.step(at(0), { type: 'unpause', domain: spec.name });
}

export function elapse(host: Host, until: TrueNs): void {
  host.step(until, { type: 'elapse' });
}

export function callGuest(host: Host, when: TrueNs, call: GuestCall): void {
  host.step(when, { type: 'call-guest', domain: GUEST, call });
}

export type Move = {
  readonly stop: TrueNs;
  readonly runAt: TrueNs;
  readonly restore?: RestorePolicy;
  /** What happens to a record on its way: nothing, a change, or null for a loss. */
  readonly tamper?: (record: StreamRecord) => StreamRecord | null;
};

const moveOrder = ({ restore }: Move) =>
  ({ migration: 'm1', domain: GUEST, restore: restore ?? 'fields-2007', sourceWallAheadNs: 0n }) as const;

/** A migration up to the two digests, on which somebody then decides. */
export function carry(from: Host, to: Host, move: Move) {
  const source = new MigrationSource(from, 'm1', GUEST);
  const target = new MigrationTarget(to, moveOrder(move));
  target.prepare(move.stop);
  source.prepare(move.stop);
  source.suspend(move.stop);
  for (const record of recordsOf(source)) {
    const arrived = move.tamper === undefined ? record : move.tamper(record);
    if (arrived !== null) target.apply(move.stop, arrived);
  }
  return { source, target, sent: source.digest(), received: target.finish(move.stop) };
}

/** A migration from end to end. The digests are not compared: a caller that tampers wants to see what comes of it. */
export function migrate(from: Host, to: Host, move: Move): void {
  const { source, target } = carry(from, to, move);
  target.commit(move.stop, { runAt: move.runAt, pausedForNs: move.runAt - move.stop });
  source.commit(move.stop);
}

/** Every record of a suspended source. */
export function recordsOf(source: MigrationSource, maxPages = 64): StreamRecord[] {
  const records: StreamRecord[] = [];
  for (let next = source.take(maxPages); next.length > 0; next = source.take(maxPages)) records.push(...next);
  return records;
}

/** A target that waits for the first record. */
export function waitingTarget(host: Host, restore: RestorePolicy = 'fields-2007'): MigrationTarget {
  const target = new MigrationTarget(host, moveOrder({ stop: at(1), runAt: at(1), restore }));
  target.prepare(at(1));
  return target;
}

/** The records of a guest that ran for a second. */
export function sampleStream(differences: Partial<DomainSpec> = {}): StreamRecord[] {
  const host = benchHost();
  startBenchGuest(host, differences);
  const source = new MigrationSource(host, 'm1', GUEST);
  source.prepare(at(1));
  source.suspend(at(1));
  return recordsOf(source);
}

/** A record with one of its pages changed. */
export function tamperPage(record: StreamRecord, pfn: number, change: (entry: PageEntry) => PageEntry): StreamRecord {
  if (record.type !== 'PAGE_DATA') return record;
  return { ...record, entries: record.entries.map((entry) => (entry.pfn === pfn ? change(entry) : entry)) };
}
