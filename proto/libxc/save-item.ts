/**
 * A save file as a sequence of items: xl's header, libxl's header and records, and inside LIBXC_CONTEXT the image header,
 * domain header and records of libxc. A file may begin at any of the three layers. The items hold every byte that is
 * free, so that the file can be written back from them exactly.
 */
import type { FileRecord } from '../records.ts';

export type LibxlRecord =
  | { readonly type: 'END' }
  | { readonly type: 'LIBXC_CONTEXT' }
  /** `strings`: keys and values in turn, each with its NUL. */
  | {
      readonly type: 'EMULATOR_XENSTORE_DATA';
      readonly emulator: number;
      readonly index: number;
      readonly strings: Uint8Array;
    }
  | { readonly type: 'EMULATOR_CONTEXT'; readonly emulator: number; readonly index: number; readonly state: Uint8Array }
  | { readonly type: 'CHECKPOINT_END' }
  | { readonly type: 'CHECKPOINT_STATE'; readonly state: number };

export type SaveItem =
  | {
      readonly kind: 'xl-header';
      readonly mandatoryFlags: number;
      readonly optionalFlags: number;
      /** The domain's configuration: JSON and a NUL. */
      readonly config: Uint8Array;
    }
  | { readonly kind: 'libxl-header'; readonly options: number }
  | { readonly kind: 'libxl-record'; readonly record: LibxlRecord }
  | { readonly kind: 'image-header'; readonly version: 2 | 3 }
  | {
      readonly kind: 'domain-header';
      readonly domainType: 'x86 PV' | 'x86 HVM';
      readonly xenMajor: number;
      readonly xenMinor: number;
    }
  | { readonly kind: 'record'; readonly record: FileRecord };

/** An item with its place: where it begins, and how long its body is (of a header: the whole). */
export type PlacedItem = SaveItem & { readonly offset: number; readonly length: number };
