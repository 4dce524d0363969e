/**
 * Every register of a saved 64-bit vCPU by its name (struct vcpu_guest_context of x86_64, facts I.4), as hexadecimal text:
 * a register has 64 bits, and JSON's numbers have 53. The FPU area and the trap table are told by what is in them.
 */
import { VCPU_CONTEXT, VCPU_CONTEXT_BYTES, VGCF } from '@skewbed/model/xen/vcpu-context.ts';
import { viewOf } from '@skewbed/model/xen/vcpu-info.ts';

/** struct cpu_user_regs, 64-bit fields; error_code and entry_vector share a word. */
const USER_REGISTERS = {
  r15: 0,
  r14: 8,
  r13: 16,
  r12: 24,
  rbp: 32,
  rbx: 40,
  r11: 48,
  r10: 56,
  r9: 64,
  r8: 72,
  rax: 80,
  rcx: 88,
  rdx: 96,
  rsi: 104,
  rdi: 112,
  rip: 128,
  rflags: 144,
  rsp: 152,
} as const;
const SELECTORS = { cs: 136, ss: 160, es: 168, ds: 176, fs: 184, gs: 192 } as const;
const SAVED_UPCALL_MASK = 140;
const TRAPS = 256;
const TRAP_BYTES = 16;
const TRAP_ADDRESS = 8;

export type VcpuRegisters = {
  readonly flags: string;
  readonly online: boolean;
  readonly inKernel: boolean;
  readonly registers: Readonly<Record<string, string>>;
  readonly selectors: Readonly<Record<string, string>>;
  readonly upcallMask: number;
  readonly ctrlreg: readonly string[];
  readonly debugreg: readonly string[];
  readonly cr3Pfn: number;
  /** null when the guest has no tree for user mode. */
  readonly userCr3Pfn: number | null;
  readonly gdtEntries: number;
  readonly gdtPfns: readonly number[];
  readonly ldt: { readonly base: string; readonly entries: number };
  readonly kernelSs: string;
  readonly kernelSp: string;
  readonly callbacks: { readonly event: string; readonly failsafe: string; readonly syscall: string };
  readonly vmAssist: string;
  readonly fsBase: string;
  readonly gsBaseKernel: string;
  readonly gsBaseUser: string;
  /** Vectors with a handler. */
  readonly traps: number;
};

/** The registers, or null when the context is a 32-bit guest's. */
export function registersOf(context: Uint8Array): VcpuRegisters | null {
  if (context.length !== VCPU_CONTEXT_BYTES) return null;
  const view = viewOf(context);
  const at = VCPU_CONTEXT;
  const word = (offset: number): bigint => view.getBigUint64(offset, true);
  const text = (offset: number): string => hexText(word(offset));
  const eight = (offset: number): string[] => Array.from({ length: 8 }, (_, index) => text(offset + 8 * index));
  const flags = word(at.flags);
  const gdtEntries = view.getUint32(at.gdtEnts, true);
  const userCr3 = word(at.userCr3);
  return {
    flags: hexText(flags),
    online: (flags & BigInt(VGCF.online)) !== 0n,
    inKernel: (flags & BigInt(VGCF.inKernel)) !== 0n,
    registers: named(USER_REGISTERS, (offset) => text(at.userRegs + offset)),
    selectors: named(SELECTORS, (offset) => hexText(BigInt(view.getUint16(at.userRegs + offset, true)))),
    upcallMask: view.getUint8(at.userRegs + SAVED_UPCALL_MASK),
    ctrlreg: eight(at.ctrlreg),
    debugreg: eight(at.debugreg),
    cr3Pfn: frameIn(word(at.cr3)),
    userCr3Pfn: userCr3 === 0n ? null : frameIn(userCr3),
    gdtEntries,
    gdtPfns: Array.from({ length: Math.min(16, Math.ceil(gdtEntries / 512)) }, (_, index) =>
      Number(word(at.gdtFrames + 8 * index)),
    ),
    ldt: { base: text(at.ldtBase), entries: Number(word(at.ldtEnts)) },
    kernelSs: text(at.kernelSs),
    kernelSp: text(at.kernelSp),
    callbacks: { event: text(at.eventCallbackEip), failsafe: text(at.failsafe), syscall: text(at.syscall) },
    vmAssist: text(at.vmAssist),
    fsBase: text(at.fsBase),
    gsBaseKernel: text(at.gsBaseKernel),
    gsBaseUser: text(at.gsBaseUser),
    traps: Array.from({ length: TRAPS }, (_, vector) => word(at.trapCtxt + TRAP_BYTES * vector + TRAP_ADDRESS)).filter(
      (address) => address !== 0n,
    ).length,
  };
}

const hexText = (value: bigint): string => `0x${value.toString(16)}`;
const frameIn = (cr3: bigint): number => Number((cr3 & 0x000f_ffff_ffff_f000n) >> 12n);

function named<K extends string>(
  offsets: Readonly<Record<K, number>>,
  read: (offset: number) => string,
): Record<K, string> {
  return Object.fromEntries(Object.entries<number>(offsets).map(([name, offset]) => [name, read(offset)])) as Record<
    K,
    string
  >;
}
