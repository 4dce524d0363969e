/**
 * The numbers of Xen's save files: libxc's migration stream v2 and v3 (xen docs/specs/libxc-migration-stream.pandoc
 * rev 3), libxl's framing around it (libxl-migration-stream.pandoc) and xl's header in front (tools/xl/xl.h). The image
 * header of libxc and the stream header of libxl are big-endian, everything else is as the options say: little-endian.
 * Left out: big-endian streams, ARM guests, the format before Xen 4.6.
 */
import {
  SAVED_BLOB_MAX_BYTES,
  SAVED_DEVICE_STATE_MAX_BYTES,
  SAVED_P2M_FRAMES_MAX,
  SAVED_RECORD_PAGES_MAX,
} from '../limits.ts';
import { type FileRecord, PAGE_SIZE } from '../records.ts';

/** 32 bytes; the NUL and the CR show a file that went through a text mode. */
export const XL_MAGIC = 'Xen saved domain, xl format\n \0 \r';
export const XL_HEADER_BYTES = 48;
export const XL_BYTE_ORDER = 0x01020304;
/** Mandatory flags of xl's header: the configuration is JSON, the stream is v2 or later. */
export const XL_FLAG = { json: 1, streamV2: 2 } as const;

/** "LibxlFmt" */
export const LIBXL_IDENT = 0x4c6962786c466d74n;
export const LIBXL_HEADER_BYTES = 16;
export const LIBXL_VERSION = 2;
/** Options of libxl's header. */
export const LIBXL_OPTION = { bigEndian: 1, convertedLegacy: 2 } as const;
export const LIBXL_RECORD = {
  END: 0,
  LIBXC_CONTEXT: 1,
  EMULATOR_XENSTORE_DATA: 2,
  EMULATOR_CONTEXT: 3,
  CHECKPOINT_END: 4,
  CHECKPOINT_STATE: 5,
} as const;
export type LibxlRecordType = keyof typeof LIBXL_RECORD;

export const IMAGE_MARKER = 0xffff_ffff_ffff_ffffn;
/** "XENF" */
export const IMAGE_ID = 0x58454e46;
export const IMAGE_HEADER_BYTES = 24;
export const DOMAIN_HEADER_BYTES = 16;
export const DOMAIN_TYPE = { x86Pv: 1, x86Hvm: 2 } as const;
export const PAGE_SHIFT = 12;

export const RECORD_HEADER_BYTES = 8;
/** Records begin at multiples of eight bytes from the first. */
export const RECORD_ALIGNMENT = 8;
/** A record with this bit may be passed over by who does not know it. */
export const OPTIONAL_RECORD = 0x8000_0000;
export const VCPU_CONTEXT_SIZES = { width8: 5168, width4: 2800 } as const;

type Numbered = Exclude<FileRecord['type'], 'OPTIONAL'>;
type Bound = { readonly number: number; readonly least: number; readonly most: number };

const fixed = (number: number, bytes: number): Bound => ({ number, least: bytes, most: bytes });
const blob = (number: number, least: number, most: number): Bound => ({ number, least, most });

/** Number of each record, and how long its body may be: checked before anything is read or allocated. */
export const RECORDS: Readonly<Record<Numbered, Bound>> = {
  END: fixed(0x00, 0),
  PAGE_DATA: blob(0x01, 16, 8 + SAVED_RECORD_PAGES_MAX * (8 + PAGE_SIZE)),
  X86_PV_INFO: fixed(0x02, 8),
  X86_PV_P2M_FRAMES: blob(0x03, 16, 8 + 8 * SAVED_P2M_FRAMES_MAX),
  X86_PV_VCPU_BASIC: blob(0x04, 8 + VCPU_CONTEXT_SIZES.width4, 8 + VCPU_CONTEXT_SIZES.width8),
  X86_PV_VCPU_EXTENDED: blob(0x05, 8, 8 + 128),
  X86_PV_VCPU_XSAVE: blob(0x06, 8, SAVED_BLOB_MAX_BYTES),
  SHARED_INFO: fixed(0x07, PAGE_SIZE),
  X86_TSC_INFO: fixed(0x08, 24),
  HVM_CONTEXT: blob(0x09, 0, SAVED_DEVICE_STATE_MAX_BYTES),
  HVM_PARAMS: blob(0x0a, 8, SAVED_BLOB_MAX_BYTES),
  TOOLSTACK: blob(0x0b, 0, SAVED_BLOB_MAX_BYTES),
  X86_PV_VCPU_MSRS: blob(0x0c, 8, SAVED_BLOB_MAX_BYTES),
  VERIFY: fixed(0x0d, 0),
  CHECKPOINT: fixed(0x0e, 0),
  CHECKPOINT_DIRTY_PFN_LIST: blob(0x0f, 0, SAVED_BLOB_MAX_BYTES),
  STATIC_DATA_END: fixed(0x10, 0),
  X86_CPUID_POLICY: blob(0x11, 24, SAVED_BLOB_MAX_BYTES),
  X86_MSR_POLICY: blob(0x12, 16, SAVED_BLOB_MAX_BYTES),
  // "SK", 1: nobody else's, and optional, so that a real receiver passes over it.
  SKEWBED_SYSTEM_TIME: fixed(OPTIONAL_RECORD + 0x534b01, 8),
};

const NAMES = new Map(Object.entries(RECORDS).map(([name, { number }]) => [number, name as Numbered]));

/** The record of this number, or undefined. */
export const recordNamed = (number: number): Numbered | undefined => NAMES.get(number);

/** Bytes of padding behind a body. */
export const paddingAfter = (length: number): number =>
  (RECORD_ALIGNMENT - (length % RECORD_ALIGNMENT)) % RECORD_ALIGNMENT;
