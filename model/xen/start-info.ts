/**
 * struct start_info of x86_64 (1168 bytes, one guest page): what the domain builder tells a new kernel, and what the
 * toolstack fills in again whenever the guest starts on a host (xen/include/public/xen.h). A guest that suspends turns
 * store and console from mfns into pfns itself; the receiver turns them back.
 * Left out: modules, the command line's own area, dom0's console information.
 */
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { viewOf } from './vcpu-info.ts';

/** Offsets in the page. The fields from nrPages to consoleEvtchn are filled in again on every resume. */
export const START_INFO = {
  magic: 0,
  nrPages: 32,
  sharedInfo: 40,
  flags: 48,
  storeMfn: 56,
  storeEvtchn: 64,
  consoleMfn: 72,
  consoleEvtchn: 80,
  ptBase: 88,
  nrPtFrames: 96,
  mfnList: 104,
  modStart: 112,
  modLen: 120,
  cmdLine: 128,
  firstP2mPfn: 1152,
  nrP2mFrames: 1160,
} as const;
export const START_INFO_BYTES = 1168;
export const START_INFO_MAGIC = 'xen-3.0-x86_64';
const MAGIC_BYTES = 32;

/** What the toolstack fills in on every start, and a host-to-host move changes. */
export type ResumeFields = {
  readonly nrPages: bigint;
  /** Machine address of shared_info: its mfn << 12. */
  readonly sharedInfoMaddr: bigint;
  readonly flags: number;
  readonly storeMfn: bigint;
  readonly storeEvtchn: number;
  readonly consoleMfn: bigint;
  readonly consoleEvtchn: number;
};

/** What a kernel reads only when it boots. Addresses are the guest's virtual ones. */
export type BootFields = {
  readonly ptBase: bigint;
  readonly nrPtFrames: bigint;
  readonly mfnList: bigint;
  readonly firstP2mPfn: bigint;
  readonly nrP2mFrames: bigint;
};

/** Writes the page of a domain that is built: magic, and every field. */
export function buildStartInfo(page: Uint8Array, fields: ResumeFields & BootFields): void {
  page.fill(0, 0, START_INFO_BYTES);
  for (let i = 0; i < START_INFO_MAGIC.length; i++) page[START_INFO.magic + i] = START_INFO_MAGIC.charCodeAt(i);
  refillStartInfo(page, fields);
  const view = viewOf(page);
  view.setBigUint64(START_INFO.ptBase, fields.ptBase, true);
  view.setBigUint64(START_INFO.nrPtFrames, fields.nrPtFrames, true);
  view.setBigUint64(START_INFO.mfnList, fields.mfnList, true);
  view.setBigUint64(START_INFO.firstP2mPfn, fields.firstP2mPfn, true);
  view.setBigUint64(START_INFO.nrP2mFrames, fields.nrP2mFrames, true);
}

/** Writes the fields that are given of those that a start fills in, as the receiver of a migration does. */
export function refillStartInfo(page: Uint8Array, fields: Partial<ResumeFields>): void {
  const view = viewOf(page);
  if (fields.nrPages !== undefined) view.setBigUint64(START_INFO.nrPages, fields.nrPages, true);
  if (fields.sharedInfoMaddr !== undefined) view.setBigUint64(START_INFO.sharedInfo, fields.sharedInfoMaddr, true);
  if (fields.flags !== undefined) view.setUint32(START_INFO.flags, fields.flags, true);
  if (fields.storeMfn !== undefined) view.setBigUint64(START_INFO.storeMfn, fields.storeMfn, true);
  if (fields.storeEvtchn !== undefined) view.setUint32(START_INFO.storeEvtchn, fields.storeEvtchn, true);
  if (fields.consoleMfn !== undefined) view.setBigUint64(START_INFO.consoleMfn, fields.consoleMfn, true);
  if (fields.consoleEvtchn !== undefined) view.setUint32(START_INFO.consoleEvtchn, fields.consoleEvtchn, true);
}

/** Reads the page. Throws 'bad-argument' when the magic is another, which is how a wrong frame shows. */
export function readStartInfo(page: Uint8Array): ResumeFields & BootFields {
  const magic = magicOf(page);
  if (magic !== START_INFO_MAGIC) {
    throw new SkewbedError(
      'bad-argument',
      `start_info begins with '${magic}', not with '${START_INFO_MAGIC}'; this is another page, or a guest of another ABI`,
      'offset 0',
    );
  }
  const view = viewOf(page);
  return {
    nrPages: view.getBigUint64(START_INFO.nrPages, true),
    sharedInfoMaddr: view.getBigUint64(START_INFO.sharedInfo, true),
    flags: view.getUint32(START_INFO.flags, true),
    storeMfn: view.getBigUint64(START_INFO.storeMfn, true),
    storeEvtchn: view.getUint32(START_INFO.storeEvtchn, true),
    consoleMfn: view.getBigUint64(START_INFO.consoleMfn, true),
    consoleEvtchn: view.getUint32(START_INFO.consoleEvtchn, true),
    ptBase: view.getBigUint64(START_INFO.ptBase, true),
    nrPtFrames: view.getBigUint64(START_INFO.nrPtFrames, true),
    mfnList: view.getBigUint64(START_INFO.mfnList, true),
    firstP2mPfn: view.getBigUint64(START_INFO.firstP2mPfn, true),
    nrP2mFrames: view.getBigUint64(START_INFO.nrP2mFrames, true),
  };
}

function magicOf(page: Uint8Array): string {
  let magic = '';
  for (const byte of page.subarray(START_INFO.magic, START_INFO.magic + MAGIC_BYTES)) {
    if (byte === 0) break;
    magic += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '?';
  }
  return magic;
}
