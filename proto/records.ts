/**
 * The records of a migration, in the order of libxc's stream v3 (xen docs/specs/libxc-migration-stream.pandoc rev 3).
 * One record model, two codecs: msgpack on the wire (wire-records.ts), the libxc byte format in save files.
 * A page that is all zero is `null` here, so that untouched memory costs nothing; a codec for files writes its 4096 zeros.
 */

export const PAGE_SIZE = 4096;

/** Page types of PAGE_DATA, bits 63-60 of a pfn word (facts D.4). */
export const PAGE_TYPE = {
  NOTAB: 0x0,
  L1TAB: 0x1,
  L2TAB: 0x2,
  L3TAB: 0x3,
  L4TAB: 0x4,
  L1PINNED: 0x9,
  L2PINNED: 0xa,
  L3PINNED: 0xb,
  L4PINNED: 0xc,
  BROKEN: 0xd,
  XALLOC: 0xe,
  XTAB: 0xf,
} as const;

/** One page on its way: page tables hold pfns here, whatever mfns they hold on the hosts. */
export type PageEntry = { readonly pfn: number; readonly type: number; readonly page: Uint8Array | null };

export type StreamRecord =
  | { readonly type: 'X86_PV_INFO'; readonly guestWidth: 8; readonly ptLevels: 4 }
  | { readonly type: 'STATIC_DATA_END' }
  | {
      readonly type: 'X86_PV_P2M_FRAMES';
      readonly startPfn: number;
      readonly endPfn: number;
      readonly frames: readonly number[];
    }
  | { readonly type: 'PAGE_DATA'; readonly entries: readonly PageEntry[] }
  | {
      readonly type: 'X86_TSC_INFO';
      readonly mode: number;
      readonly khz: number;
      readonly nsec: bigint;
      readonly incarnation: number;
    }
  | { readonly type: 'SHARED_INFO'; readonly page: Uint8Array }
  | { readonly type: 'X86_PV_VCPU_BASIC'; readonly vcpuId: number; readonly context: Uint8Array }
  | { readonly type: 'X86_PV_VCPU_EXTENDED'; readonly vcpuId: number; readonly context: Uint8Array }
  /** Ours, optional in the sense of the format (bit 31): the domain's system time at suspend, for uptime continuity. */
  | { readonly type: 'SKEWBED_SYSTEM_TIME'; readonly suspendedSystemTimeNs: bigint }
  /** The pages that follow are to be compared with those that came before. */
  | { readonly type: 'VERIFY' }
  | { readonly type: 'END' };

export type StreamRecordType = StreamRecord['type'];

/**
 * What files of a real Xen hold beside these (facts D.4). Our own guests have none of it; a codec for files keeps it, so
 * that a file is written back as it was read.
 */
export type ForeignRecord =
  | { readonly type: 'X86_PV_INFO'; readonly guestWidth: 4; readonly ptLevels: 3 }
  | { readonly type: 'X86_PV_VCPU_XSAVE'; readonly vcpuId: number; readonly context: Uint8Array }
  | { readonly type: 'X86_PV_VCPU_MSRS'; readonly vcpuId: number; readonly context: Uint8Array }
  /** 24 bytes a leaf. */
  | { readonly type: 'X86_CPUID_POLICY'; readonly leaves: Uint8Array }
  /** 16 bytes an entry. */
  | { readonly type: 'X86_MSR_POLICY'; readonly entries: Uint8Array }
  | { readonly type: 'HVM_CONTEXT'; readonly context: Uint8Array }
  | {
      readonly type: 'HVM_PARAMS';
      readonly params: readonly { readonly index: bigint; readonly value: bigint }[];
    }
  | { readonly type: 'TOOLSTACK'; readonly body: Uint8Array }
  | { readonly type: 'CHECKPOINT' }
  | { readonly type: 'CHECKPOINT_DIRTY_PFN_LIST'; readonly pfns: readonly bigint[] }
  /** Bit 31 of its number is set: who does not know it passes over it. */
  | { readonly type: 'OPTIONAL'; readonly number: number; readonly body: Uint8Array };

/** Every record that a save file may hold. */
export type FileRecord = StreamRecord | ForeignRecord;
