/**
 * The toolstack's operations around a save and a restore, as tables that patches wrap, and the restore policies: what a
 * toolstack of which time copies out of the saved shared_info, and in which order it does so (facts C.1, C.5).
 */

import { VCPUS_MAX } from '@skewbed/proto/limits.ts';
import type { StreamRecord } from '@skewbed/proto/records.ts';
import type { Domain } from '../xen/domain.ts';
import type { Host } from '../xen/host.ts';
import { resetEvents, SHARED_INFO, writeArch } from '../xen/shared-info.ts';
import type { CommitOrder, RestorePolicy, TargetOrder } from './hand-over.ts';

export interface SaveOps {
  /** Records of a suspended domain beside those of every stream; they go before the vCPU contexts. */
  extraRecords(host: Host, domain: Domain): StreamRecord[];
}

export const SAVE_OPS: SaveOps = { extraRecords: () => [] };

export interface RestoreOps {
  /** Before anything is built: a place to refuse. */
  permit(host: Host, order: TargetOrder): void;
  /** The new domain exists, no record was read. */
  begin(host: Host, domain: Domain): void;
  /** Which is applied first: the vCPU contexts (2008) or the saved shared_info (stream v2 and v3). */
  readonly order: 'contexts-first' | 'shared-info-first';
  /** Copies what the policy copies from the saved page to the new domain's. */
  copySharedInfo(saved: Uint8Array, page: Uint8Array): void;
  /** A record that the format does not know. */
  extraRecord(host: Host, domain: Domain, record: StreamRecord): void;
  /** Just before the guest runs. */
  finish(host: Host, domain: Domain, order: CommitOrder): void;
}

const VCPU_INFO_END = SHARED_INFO.evtchnPending;

/** vcpu_info and arch, as since X:16e00ecd92 (2007-08-08): "leave wallclock time. set by hypervisor". */
function copyFields(saved: Uint8Array, page: Uint8Array): void {
  page.set(saved.subarray(0, VCPU_INFO_END));
  page.set(saved.subarray(SHARED_INFO.archMaxPfn, SHARED_INFO.end), SHARED_INFO.archMaxPfn);
  writeArch(page, { pfnToMfnFrameListList: 0n });
  resetEvents(page, VCPUS_MAX);
}

/** The whole page, wc_* included, as before August 2007: the guest's wall becomes the source's wc + this host's uptime. */
function copyAll(saved: Uint8Array, page: Uint8Array): void {
  page.set(saved);
  writeArch(page, { pfnToMfnFrameListList: 0n });
  resetEvents(page, VCPUS_MAX);
}

const FIELDS_2007: RestoreOps = {
  permit: () => undefined,
  begin: () => undefined,
  order: 'contexts-first',
  copySharedInfo: copyFields,
  extraRecord: () => undefined,
  finish: () => undefined,
};

/** The toolstack of each policy. song-2008 is fields-2007 with the patch of that name, which the host has to have. */
export const RESTORE_OPS: Readonly<Record<RestorePolicy, RestoreOps>> = {
  'copy-all': { ...FIELDS_2007, copySharedInfo: copyAll },
  'fields-2007': FIELDS_2007,
  'song-2008': FIELDS_2007,
  'stream-v3': { ...FIELDS_2007, order: 'shared-info-first' },
};

export const RESTORE_POLICIES = Object.keys(RESTORE_OPS) as readonly RestorePolicy[];
