/**
 * Saves the guest of a scenario as Xen's tools save one: boots it on a simulated host with the scenario's clocks, lets its
 * programs run to the scenario's stop, suspends it there, and writes its records with xl's and libxl's framing.
 * The records are those that a migration sends; a file is only another sink for them.
 */

import { headRecords, savedPage, tailRecords } from '@skewbed/model/migration/save.ts';
import { MigrationSource } from '@skewbed/model/migration/source.ts';
import type { Domain } from '@skewbed/model/xen/domain.ts';
import { Host } from '@skewbed/model/xen/host.ts';
import { XL_FLAG } from '@skewbed/proto/libxc/format.ts';
import type { SaveItem } from '@skewbed/proto/libxc/save-item.ts';
import { SAVED_RECORD_PAGES_MAX } from '@skewbed/proto/limits.ts';
import type { PageEntry, StreamRecord } from '@skewbed/proto/records.ts';
import { type DurationNs, trueNs } from '@skewbed/proto/units.ts';
import { nodePageOps } from '@skewbed/runtime/page-ops.ts';
import type { Plan } from '../plan.ts';
import { configOf } from './domain-config.ts';

/** The release whose tools read and write this form. */
const XEN = { xenMajor: 4, xenMinor: 17 } as const;
const MIGRATION = 'save';

export type SavedGuest = {
  readonly domain: string;
  readonly kernel: string;
  readonly pages: number;
  readonly stoppedAtNs: DurationNs;
  readonly wallNs: bigint;
  readonly uptimeNs: bigint;
  readonly digest: { readonly sha256: string; readonly pages: number };
  readonly items: Iterable<SaveItem>;
};

/** The guest of a plan, stopped where the scenario stops it, as the items of a save file. */
export function saveGuest(plan: Plan): SavedGuest {
  const config = plan.hosts.find((host) => host.name === plan.startHost)!;
  const host = new Host(config, nodePageOps);
  const stopNs = plan.move?.suspendAtNs ?? plan.referenceNs;
  const { domain: spec } = plan;
  host.step(trueNs(0n), { type: 'create-domain', spec });
  host.step(trueNs(0n), { type: 'unpause', domain: spec.name });
  for (const { atNs, target, event } of plan.actions) {
    if (atNs >= stopNs) continue;
    if (target.to === 'guest' || target.host === plan.startHost) host.step(trueNs(atNs), event);
  }
  const stop = trueNs(stopNs);
  const source = new MigrationSource(host, MIGRATION, spec.name);
  source.prepare(stop);
  source.suspend(stop);
  return {
    domain: spec.name,
    kernel: spec.kernel,
    pages: spec.pages,
    stoppedAtNs: stopNs,
    ...host.clocksAt(stop),
    digest: source.digest(),
    items: fileOf(spec, taken(source)),
  };
}

/** The frame that xl and libxl put around the records of one PV domain. */
export function* fileOf(
  domain: { readonly name: string; readonly vcpus: number; readonly pages: number },
  records: Iterable<StreamRecord>,
): Generator<SaveItem> {
  yield {
    kind: 'xl-header',
    mandatoryFlags: XL_FLAG.json | XL_FLAG.streamV2,
    optionalFlags: 0,
    config: configOf(domain),
  };
  yield { kind: 'libxl-header', options: 0 };
  yield { kind: 'libxl-record', record: { type: 'LIBXC_CONTEXT' } };
  yield { kind: 'image-header', version: 3 };
  yield { kind: 'domain-header', domainType: 'x86 PV', ...XEN };
  for (const record of records) yield { kind: 'record', record };
  yield { kind: 'libxl-record', record: { type: 'END' } };
}

/** The records of a domain that does not run, whether it was suspended here or has just been restored. */
export function* recordsOf(host: Host, domain: Domain): Generator<StreamRecord> {
  yield* headRecords(domain);
  for (let pfn = 0; pfn < domain.p2m.size; ) {
    const entries: PageEntry[] = [];
    for (; pfn < domain.p2m.size && entries.length < SAVED_RECORD_PAGES_MAX; pfn++) {
      entries.push(savedPage(host, domain, pfn));
    }
    yield { type: 'PAGE_DATA', entries };
  }
  yield* tailRecords(host, domain);
}

function* taken(source: MigrationSource): Generator<StreamRecord> {
  for (let batch = source.take(SAVED_RECORD_PAGES_MAX); batch.length > 0; batch = source.take(SAVED_RECORD_PAGES_MAX)) {
    yield* batch;
  }
}
