/**
 * struct vcpu_guest_context of x86_64 (5168 bytes): the registers of a vCPU as domctls set and get them, and as record
 * X86_PV_VCPU_BASIC carries them (xen/include/public/arch-x86/xen.h). Four things in it are machine frames on a host and
 * pfns in a stream: cr3, the user's cr3, the GDT's frames, and on vCPU 0 rdx, which names start_info while suspended
 * (tools/libs/guest/xg_sr_save_x86_pv.c, xg_sr_restore_x86_pv.c).
 * Left out: what the model's processors do not have: FPU, traps, LDT, debug registers are carried, never looked at.
 */
import { type ErrorCode, SkewbedError } from '@skewbed/proto/errors.ts';
import { viewOf } from './vcpu-info.ts';

/** Offsets in the context. Registers of struct cpu_user_regs are given from the context's start. */
export const VCPU_CONTEXT = {
  fpu: 0,
  flags: 512,
  userRegs: 520,
  rax: 520 + 80,
  rdx: 520 + 96,
  rip: 520 + 128,
  rflags: 520 + 144,
  rsp: 520 + 152,
  trapCtxt: 720,
  ldtBase: 4816,
  ldtEnts: 4824,
  gdtFrames: 4832,
  gdtEnts: 4960,
  kernelSs: 4968,
  kernelSp: 4976,
  ctrlreg: 4984,
  userCr3: 4984 + 8 * 1,
  cr3: 4984 + 8 * 3,
  debugreg: 5048,
  eventCallbackEip: 5112,
  failsafe: 5120,
  syscall: 5128,
  vmAssist: 5136,
  fsBase: 5144,
  gsBaseKernel: 5152,
  gsBaseUser: 5160,
} as const;
export const VCPU_CONTEXT_BYTES = 5168;

/** Bits of flags. */
export const VGCF = { i387Valid: 1 << 0, inKernel: 1 << 2, online: 1 << 5 } as const;

/** GDT entries that a guest may have: FIRST_RESERVED_GDT_ENTRY, 14 pages of 512. */
export const GDT_ENTRIES_MAX = 14 * 512;
const GDT_ENTRIES_PER_PAGE = 512;
/** Set in ctrlreg[1] of a stream when the guest has a user cr3. */
const USER_CR3_VALID = 1n;
/** cr3 holds the frame in bits 51-12. */
const FRAME_BITS = 0x000f_ffff_ffff_f000n;

/** What the model keeps in a context. Frames are mfns on a host, pfns in a stream. */
export type VcpuContext = {
  readonly flags: number;
  /** The answer of the suspend hypercall: 0 in a new domain, 1 when the suspend was cancelled. */
  readonly rax: bigint;
  /** The frame of start_info: the argument of the suspend hypercall, on vCPU 0. */
  readonly startInfoFrame: bigint;
  readonly rip: bigint;
  readonly cr3Frame: number;
  /** null when the guest has no tree for user mode. */
  readonly userCr3Frame: number | null;
  readonly gdtFrames: readonly number[];
  readonly gdtEntries: number;
};

/** A context with these fields, and zeros elsewhere. */
export function buildVcpuContext(context: VcpuContext): Uint8Array {
  const bytes = new Uint8Array(VCPU_CONTEXT_BYTES);
  const view = viewOf(bytes);
  view.setBigUint64(VCPU_CONTEXT.flags, BigInt(context.flags), true);
  view.setBigUint64(VCPU_CONTEXT.rax, context.rax, true);
  view.setBigUint64(VCPU_CONTEXT.rdx, context.startInfoFrame, true);
  view.setBigUint64(VCPU_CONTEXT.rip, context.rip, true);
  view.setBigUint64(VCPU_CONTEXT.cr3, addressOf(context.cr3Frame), true);
  if (context.userCr3Frame !== null) {
    view.setBigUint64(VCPU_CONTEXT.userCr3, addressOf(context.userCr3Frame) | USER_CR3_VALID, true);
  }
  context.gdtFrames.forEach((frame, index) => {
    view.setBigUint64(VCPU_CONTEXT.gdtFrames + 8 * index, BigInt(frame), true);
  });
  view.setUint32(VCPU_CONTEXT.gdtEnts, checkedGdtEntries(context.gdtEntries), true);
  return bytes;
}

/** Reads what the model keeps. Throws 'bad-argument' for a context of another size or an impossible GDT. */
export function readVcpuContext(bytes: Uint8Array): VcpuContext {
  checkSize(bytes);
  const view = viewOf(bytes);
  const gdtEntries = checkedGdtEntries(view.getUint32(VCPU_CONTEXT.gdtEnts, true));
  const userCr3 = view.getBigUint64(VCPU_CONTEXT.userCr3, true);
  return {
    flags: Number(view.getBigUint64(VCPU_CONTEXT.flags, true) & 0xffff_ffffn),
    rax: view.getBigUint64(VCPU_CONTEXT.rax, true),
    startInfoFrame: view.getBigUint64(VCPU_CONTEXT.rdx, true),
    rip: view.getBigUint64(VCPU_CONTEXT.rip, true),
    cr3Frame: frameIn(view.getBigUint64(VCPU_CONTEXT.cr3, true)),
    userCr3Frame: userCr3 === 0n ? null : frameIn(userCr3),
    gdtFrames: Array.from({ length: gdtPages(gdtEntries) }, (_, index) =>
      Number(view.getBigUint64(VCPU_CONTEXT.gdtFrames + 8 * index, true)),
    ),
    gdtEntries,
  };
}

/** Sets the answer of the suspend hypercall: 1 makes the guest go on as if it had not been suspended (facts D.11). */
export const setSuspendAnswer = (bytes: Uint8Array, answer: bigint): void =>
  viewOf(bytes).setBigUint64(VCPU_CONTEXT.rax, answer, true);

/** The context of a stream: every machine frame turned into the pfn behind it. Throws 'foreign-frame'. */
export const normaliseContext = (bytes: Uint8Array, vcpu: number, pfnOf: (mfn: number) => number | null): Uint8Array =>
  withFrames(bytes, vcpu, (mfn, what) => {
    return (
      pfnOf(mfn) ?? fail('foreign-frame', vcpu, `${what} is frame 0x${mfn.toString(16)}, which is not of this domain`)
    );
  });

/** The context of a host: every pfn turned into a machine frame. Throws 'bad-argument' at a pfn without one. */
export const localiseContext = (bytes: Uint8Array, vcpu: number, mfnOf: (pfn: number) => number | null): Uint8Array =>
  withFrames(bytes, vcpu, (pfn, what) => {
    return mfnOf(pfn) ?? fail('bad-argument', vcpu, `${what} is pfn ${pfn}, which has no frame`);
  });

type Translate = (frame: number, what: string) => number;

function withFrames(bytes: Uint8Array, vcpu: number, translate: Translate): Uint8Array {
  const context = readVcpuContext(bytes);
  const into = bytes.slice();
  const view = viewOf(into);
  if (vcpu === 0) {
    view.setBigUint64(VCPU_CONTEXT.rdx, BigInt(translate(Number(context.startInfoFrame), 'start_info in rdx')), true);
  }
  context.gdtFrames.forEach((frame, index) => {
    view.setBigUint64(VCPU_CONTEXT.gdtFrames + 8 * index, BigInt(translate(frame, `GDT page ${index}`)), true);
  });
  view.setBigUint64(VCPU_CONTEXT.cr3, addressOf(translate(context.cr3Frame, 'cr3')), true);
  if (context.userCr3Frame !== null) {
    const user = addressOf(translate(context.userCr3Frame, 'the user cr3'));
    view.setBigUint64(VCPU_CONTEXT.userCr3, user | USER_CR3_VALID, true);
  }
  return into;
}

const addressOf = (frame: number): bigint => BigInt(frame) << 12n;
const frameIn = (cr3: bigint): number => Number((cr3 & FRAME_BITS) >> 12n);
const gdtPages = (entries: number): number => Math.ceil(entries / GDT_ENTRIES_PER_PAGE);

function checkedGdtEntries(entries: number): number {
  if (entries <= GDT_ENTRIES_MAX) return entries;
  throw new SkewbedError(
    'bad-argument',
    `a GDT of ${entries} entries; Xen takes at most ${GDT_ENTRIES_MAX}, the rest is its own`,
    `offset ${VCPU_CONTEXT.gdtEnts}`,
  );
}

function checkSize(bytes: Uint8Array): void {
  if (bytes.length === VCPU_CONTEXT_BYTES) return;
  throw new SkewbedError(
    'bad-argument',
    `a vcpu context of ${bytes.length} bytes; a 64-bit guest's has ${VCPU_CONTEXT_BYTES}`,
  );
}

function fail(code: ErrorCode, vcpu: number, what: string): never {
  throw new SkewbedError(code, `vcpu ${vcpu}: ${what}; the vcpu cannot be moved like this`, `vcpu ${vcpu}`);
}
