/**
 * Every byte of a save file that is a header, a length, an identifier or padding, by the name of its field; and the fields
 * in which a changed byte may leave another legal file behind, with the reason. Everything else in such a field has to be
 * refused by verify; docs/save-files.md prints the same list, and a test holds the two together.
 */
import { paddingAfter, RECORD_HEADER_BYTES } from '@skewbed/proto/libxc/format.ts';
import type { PlacedItem } from '@skewbed/proto/libxc/save-item.ts';

/** Fields whose value is free, or free in part. */
export const FREE_FIELDS: Readonly<Record<string, string>> = {
  'domain header, xen_major': 'any release from 3 to 31 may have saved a guest; 0 is the legacy converter',
  'domain header, xen_minor': 'any release below 256',
  'X86_PV_P2M_FRAMES, pfn': 'the guest chooses in which of its plain pages it keeps its p2m',
  'PAGE_DATA, word':
    'a table may be pinned or not, and a plain page or a table that no other table names may be the other',
  'X86_TSC_INFO, mode': 'modes 0 to 3 exist',
  'X86_TSC_INFO, khz': 'any frequency but 0',
  'X86_TSC_INFO, nsec': 'any time',
  'X86_TSC_INFO, incarnation': 'any count of restores',
};

export type HeaderField = { readonly offset: number; readonly length: number; readonly name: string };
type Part = readonly [length: number, name: string];

/** The fields of one item of a file. */
export function headerFields(item: PlacedItem): HeaderField[] {
  const fields: HeaderField[] = [];
  let offset = item.offset;
  for (const [length, name] of partsOf(item)) {
    if (name !== '') fields.push({ offset, length, name });
    offset += length;
  }
  return fields;
}

function partsOf(item: PlacedItem): Part[] {
  switch (item.kind) {
    case 'xl-header':
      return named('xl header', [
        [32, 'magic'],
        [4, 'byte order'],
        [4, 'mandatory flags'],
        [4, 'optional flags'],
        [4, 'optional length'],
        [4, 'config length'],
      ]);
    case 'libxl-header':
      return named('libxl header', [
        [8, 'ident'],
        [4, 'version'],
        [4, 'options'],
      ]);
    case 'libxl-record':
      return named(`libxl ${item.record.type}`, [
        [4, 'type'],
        [4, 'length'],
      ]);
    case 'image-header':
      return named('image header', [
        [8, 'marker'],
        [4, 'id'],
        [4, 'version'],
        [2, 'options'],
        [6, 'reserved'],
      ]);
    case 'domain-header':
      return named('domain header', [
        [4, 'type'],
        [2, 'page_shift'],
        [2, 'reserved'],
        [4, 'xen_major'],
        [4, 'xen_minor'],
      ]);
    case 'record': {
      const inBody = bodyParts(item.record);
      const told = inBody.reduce((sum, [length]) => sum + length, 0);
      const rest: Part[] = [
        [item.length - told, ''],
        [paddingAfter(item.length), 'padding'],
      ];
      const parts: Part[] = [[4, 'type'], [RECORD_HEADER_BYTES - 4, 'length'], ...inBody, ...rest];
      return named(
        item.record.type,
        parts.filter(([length]) => length > 0),
      );
    }
  }
}

function bodyParts(record: Extract<PlacedItem, { kind: 'record' }>['record']): Part[] {
  switch (record.type) {
    case 'X86_PV_INFO':
      return [
        [1, 'guest_width'],
        [1, 'pt_levels'],
        [6, 'reserved'],
      ];
    case 'X86_PV_P2M_FRAMES':
      return [
        [4, 'start_pfn'],
        [4, 'end_pfn'],
        [8 * record.frames.length, 'pfn'],
      ];
    case 'PAGE_DATA':
      return [
        [4, 'count'],
        [4, 'reserved'],
        [8 * record.entries.length, 'word'],
      ];
    case 'X86_TSC_INFO':
      return [
        [4, 'mode'],
        [4, 'khz'],
        [8, 'nsec'],
        [4, 'incarnation'],
        [4, 'reserved'],
      ];
    case 'X86_PV_VCPU_BASIC':
    case 'X86_PV_VCPU_EXTENDED':
    case 'X86_PV_VCPU_XSAVE':
    case 'X86_PV_VCPU_MSRS':
      return [
        [4, 'vcpu_id'],
        [4, 'reserved'],
      ];
    default:
      return [];
  }
}

const named = (record: string, parts: readonly Part[]): Part[] =>
  parts.map(([length, name]) => [length, name === '' ? '' : `${record}, ${name}`]);
