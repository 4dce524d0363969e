/**
 * The messages of a migration's stream sockets (`/v1/streams/<migration>`): batches towards the target, acknowledgements
 * back, a digest from either end. A batch is acknowledged when the target has applied it; the source may be
 * STREAM_CREDIT_BATCHES ahead of that. How records lie in a batch: wire-records.ts.
 */
import { type Static, Type } from 'typebox';
import {
  BATCH_PAGES_MAX,
  BATCH_RECORDS_MAX,
  DOMAIN_PAGES_MAX,
  P2M_FRAMES_MAX,
  VCPU_CONTEXT_MAX_BYTES,
  VCPU_EXTENDED_MAX_BYTES,
  VCPUS_MAX,
} from '../limits.ts';
import { RUN_BYTES } from '../page-runs.ts';
import { PAGE_SIZE } from '../records.ts';
import { bytes, Code, closed, count, Epoch, Int64, list, Name, oneOf, Sha256, Text, TrueTime } from './fields.ts';
import { ProgressFields } from './progress.ts';

const VcpuId = count(VCPUS_MAX - 1);

/** Records as they travel: arrays of 64-bit words are bytes, little-endian, and pages stand in the batch's `pages`. */
export const WireRecord = Type.Union([
  closed({ type: Type.Literal('X86_PV_INFO'), guestWidth: Type.Literal(8), ptLevels: Type.Literal(4) }),
  closed({ type: Type.Literal('STATIC_DATA_END') }),
  closed({
    type: Type.Literal('X86_PV_P2M_FRAMES'),
    startPfn: count(DOMAIN_PAGES_MAX),
    endPfn: count(DOMAIN_PAGES_MAX),
    /** u64 pfn of each p2m frame. */
    frames: bytes({ most: 8 * P2M_FRAMES_MAX }),
  }),
  closed({
    type: Type.Literal('PAGE_DATA'),
    /** 16 bytes for each run of pages: page-runs.ts. */
    runs: bytes({ least: RUN_BYTES, most: RUN_BYTES * BATCH_PAGES_MAX }),
  }),
  closed({
    type: Type.Literal('X86_TSC_INFO'),
    mode: count(0xffff_ffff),
    khz: count(0xffff_ffff),
    nsec: Int64,
    incarnation: count(0xffff_ffff),
  }),
  closed({ type: Type.Literal('SHARED_INFO'), page: bytes({ least: PAGE_SIZE, most: PAGE_SIZE }) }),
  closed({ type: Type.Literal('X86_PV_VCPU_BASIC'), vcpuId: VcpuId, context: bytes({ most: VCPU_CONTEXT_MAX_BYTES }) }),
  closed({
    type: Type.Literal('X86_PV_VCPU_EXTENDED'),
    vcpuId: VcpuId,
    context: bytes({ most: VCPU_EXTENDED_MAX_BYTES }),
  }),
  closed({ type: Type.Literal('SKEWBED_SYSTEM_TIME'), suspendedSystemTimeNs: Int64 }),
  closed({ type: Type.Literal('VERIFY') }),
  closed({ type: Type.Literal('END') }),
]);
export type WireRecord = Static<typeof WireRecord>;

export const Batch = closed({
  type: Type.Literal('batch'),
  migration: Name,
  /** Counts from 0. */
  seq: count(),
  records: list(WireRecord, BATCH_RECORDS_MAX, 1),
  /** The pages of all PAGE_DATA of this batch, in their order. */
  pages: bytes({ most: BATCH_PAGES_MAX * PAGE_SIZE }),
  /** Over every byte of the message before these last eight. */
  checksum: Int64,
});

/** Every batch up to `seq` is applied. */
export const Ack = closed({ type: Type.Literal('ack'), migration: Name, seq: count() });

/** The source's memory at suspend, the target's after END. The coordinator compares them and passes neither on. */
export const Digest = closed({
  type: Type.Literal('digest'),
  migration: Name,
  epoch: Epoch,
  side: oneOf('source', 'target'),
  sha256: Sha256,
  pages: count(DOMAIN_PAGES_MAX),
});

/** How far the source is, a few times a second; the coordinator puts it into the history. */
export const Progress = closed({
  type: Type.Literal('progress'),
  migration: Name,
  /** Batches sent so far. */
  batches: count(),
  ...ProgressFields,
});

/** After a pre-copy: the guest stands still since `at`, and the last pass follows. */
export const Suspended = closed({ type: Type.Literal('suspended'), migration: Name, epoch: Epoch, at: TrueTime });

/** This end cannot go on; the migration will be aborted. */
export const StreamFailed = closed({
  type: Type.Literal('stream-failed'),
  migration: Name,
  epoch: Epoch,
  side: oneOf('source', 'target'),
  code: Code,
  message: Text,
});
