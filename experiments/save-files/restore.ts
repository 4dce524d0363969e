/**
 * Builds a guest of ours again from its save file, on a fresh simulated host: by the records alone, through the same
 * target that a migration has. It then runs for a while, and what its programs see is told. A guest of a real Xen is
 * machine code, and the model has no processor: such a file is refused here, and read by inspect.
 */
import type { RestorePolicy } from '@skewbed/model/migration/hand-over.ts';
import { MigrationTarget } from '@skewbed/model/migration/target.ts';
import { Host } from '@skewbed/model/xen/host.ts';
import type { HostConfig } from '@skewbed/model/xen/host-event.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import type { HistoryEvent } from '@skewbed/proto/history.ts';
import type { ByteInput } from '@skewbed/proto/libxc/byte-cursor.ts';
import { readSaveFile } from '@skewbed/proto/libxc/save-file-reader.ts';
import type { SaveItem } from '@skewbed/proto/libxc/save-item.ts';
import { HOST_FRAMES_MAX } from '@skewbed/proto/limits.ts';
import type { FileRecord, StreamRecord } from '@skewbed/proto/records.ts';
import { type DurationNs, NS_PER_S, trueNs } from '@skewbed/proto/units.ts';
import { nodePageOps } from '@skewbed/runtime/page-ops.ts';
import { formatSigned } from '../scenarios/file-texts.ts';
import type { Inspection } from './inspect.ts';
import { fileOf, recordsOf } from './save.ts';

export type RestoreOptions = {
  readonly policy: RestorePolicy;
  /** How far the new host's wall is ahead of the saved guest's, at the instant at which it runs again. */
  readonly wallByNs: DurationNs;
  /** The new host's uptime at that instant; null: as if it were the same machine. */
  readonly uptimeNs: DurationNs | null;
  readonly hostPatches: readonly string[];
  readonly runForNs: DurationNs;
};

export type Probe = Extract<HistoryEvent, { kind: 'probe' }>;
export type Restored = {
  readonly domain: string;
  readonly kernel: string;
  readonly pages: number;
  readonly savedWallNs: bigint;
  readonly savedUptimeNs: bigint;
  readonly wallNs: bigint;
  readonly uptimeNs: bigint;
  readonly digest: { readonly sha256: string; readonly pages: number };
  /** Once a second, the first when it runs again. */
  readonly probes: readonly Probe[];
  readonly audits: readonly { readonly what: string; readonly ok: boolean; readonly problems: readonly string[] }[];
  readonly console: readonly string[];
};

/** A guest that is built and paused. */
export type PausedGuest = {
  /** Its save file, made from the new host before the guest ran there. */
  readonly saveAgain: () => Iterable<SaveItem>;
  readonly run: () => Restored;
};

const MIGRATION = 'restore';
const HOST = 'here';
const SPARE_FRAMES = 4096;
/** Another order of frames than any host of a scenario has, so that no frame number of the file stays right by chance. */
const MFN_SALT = 7_919;

/** Builds the guest of a file. `seen` is the inspection of the same file. Throws 'refused' for a guest that is not ours. */
export function restoreGuest(input: ByteInput, seen: Inspection, options: RestoreOptions): PausedGuest {
  const saved = savedClocks(seen);
  const { spec } = saved;
  const host = new Host(hostFor(saved, options), nodePageOps);
  const start = trueNs(0n);
  const order = {
    migration: MIGRATION,
    domain: spec.name,
    restore: options.policy,
    sourceWallAheadNs: -options.wallByNs,
  };
  const target = new MigrationTarget(host, order);
  target.prepare(start);
  for (const item of readSaveFile(input)) if (item.kind === 'record') target.apply(start, streamRecord(item.record));
  const digest = target.finish(start);
  const domain = host.domain(spec.name);
  return {
    saveAgain: () =>
      fileOf({ name: spec.name, vcpus: domain.vcpus.length, pages: domain.p2m.size }, recordsOf(host, domain)),
    run: () => {
      target.commit(start, { runAt: start, pausedForNs: 0n });
      for (let at = 0n; at <= options.runForNs; at += NS_PER_S)
        host.step(trueNs(at), { type: 'observe', domain: spec.name });
      host.step(trueNs(options.runForNs), { type: 'audit' });
      return {
        domain: spec.name,
        kernel: spec.kernel,
        pages: spec.pages,
        savedWallNs: saved.wallNs,
        savedUptimeNs: saved.uptimeNs,
        ...host.clocksAt(start),
        digest,
        ...toldBy(host.drain()),
      };
    },
  };
}

function savedClocks({ skewbed, tsc, sharedInfo, problem, domain }: Inspection) {
  if (problem !== null) {
    throw new SkewbedError(
      'bad-save-file',
      `offset ${problem.offset}, ${problem.record}: ${problem.reason}; nothing was restored`,
    );
  }
  if (skewbed === null || tsc === null || sharedInfo === null) {
    const by = domain === null ? '' : ` by Xen ${domain.xenMajor}.${domain.xenMinor}`;
    throw new SkewbedError(
      'refused',
      `the file was saved${by} from a guest that is machine code, and the model has no processor: read it with skewbed inspect, or restore it with xl`,
    );
  }
  const uptimeNs = BigInt(tsc.nsec);
  const { sec, nsec, secHi } = sharedInfo.wallclock;
  const wcNs = BigInt.asIntN(64, (BigInt(secHi) << 32n) | BigInt(sec)) * NS_PER_S + BigInt(nsec);
  return { spec: skewbed, khz: tsc.khz, uptimeNs, wallNs: wcNs + uptimeNs };
}

function hostFor(saved: ReturnType<typeof savedClocks>, options: RestoreOptions): HostConfig {
  const { spec, khz, wallNs, uptimeNs } = saved;
  const song = options.policy === 'song-2008' && !options.hostPatches.includes('song-2008') ? ['song-2008'] : [];
  return {
    name: HOST,
    origin: trueNs(0n),
    wallSkew: '+0s',
    utcAtZeroNs: wallNs + options.wallByNs,
    uptimeSkew: formatSigned(options.uptimeNs ?? uptimeNs),
    ntpPeriodNs: null,
    tscHz: BigInt(khz) * 1000n,
    frames: Math.min(HOST_FRAMES_MAX, 2 * spec.pages + SPARE_FRAMES),
    mfnSalt: MFN_SALT,
    patches: [...song, ...options.hostPatches],
    domctl51: false,
  };
}

/** The records that a receiver of ours takes. The others belong to processors, and a guest of ours has none. */
function streamRecord(record: FileRecord): StreamRecord {
  switch (record.type) {
    case 'X86_PV_INFO':
      if (record.guestWidth === 8) return record;
      break;
    case 'STATIC_DATA_END':
    case 'X86_PV_P2M_FRAMES':
    case 'PAGE_DATA':
    case 'X86_TSC_INFO':
    case 'SHARED_INFO':
    case 'X86_PV_VCPU_BASIC':
    case 'X86_PV_VCPU_EXTENDED':
    case 'SKEWBED_SYSTEM_TIME':
    case 'END':
      return record;
    default:
      break;
  }
  throw new SkewbedError(
    'refused',
    `the file has a record ${record.type}, which no guest of Skewbed has; use xl restore`,
  );
}

function toldBy(events: readonly HistoryEvent[]): Pick<Restored, 'probes' | 'audits' | 'console'> {
  return {
    probes: events.filter((event) => event.kind === 'probe').filter(({ why }) => why === 'asked'),
    audits: events.flatMap((event) => {
      if (event.kind === 'memory-audit')
        return [{ what: 'page tables and p2m', ok: event.ok, problems: event.problems }];
      if (event.kind === 'frames-audit')
        return [{ what: 'frames of the host', ok: event.ok, problems: event.problems }];
      if (event.kind !== 'writer-checked') return [];
      const problems = event.badPages.map((pfn) => `page ${pfn} does not hold what the guest's writer left there`);
      return [{ what: `${event.writes} writes of the guest`, ok: problems.length === 0, problems }];
    }),
    console: events.flatMap((event) => (event.kind === 'console' ? [event.line] : [])),
  };
}
