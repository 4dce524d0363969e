/** Items of a save file -> its bytes. What the reader made of a file comes out as the same file, byte for byte. */
import {
  DOMAIN_HEADER_BYTES,
  DOMAIN_TYPE,
  IMAGE_HEADER_BYTES,
  IMAGE_ID,
  IMAGE_MARKER,
  LIBXL_HEADER_BYTES,
  LIBXL_IDENT,
  LIBXL_VERSION,
  PAGE_SHIFT,
  paddingAfter,
  RECORD_HEADER_BYTES,
  XL_BYTE_ORDER,
  XL_HEADER_BYTES,
  XL_MAGIC,
} from './format.ts';
import { libxlRecordBody } from './libxl-record.ts';
import { numberOf, recordBody } from './record-codec.ts';
import type { SaveItem } from './save-item.ts';

/** The bytes of the items, a chunk for each. */
export function* saveFileBytes(items: Iterable<SaveItem>): Generator<Uint8Array> {
  for (const item of items) yield itemBytes(item);
}

/** The bytes of one item. */
export function itemBytes(item: SaveItem): Uint8Array {
  switch (item.kind) {
    case 'xl-header': {
      const length = 4 + item.config.length;
      const { bytes, view } = blank(XL_HEADER_BYTES + length);
      for (let at = 0; at < XL_MAGIC.length; at++) bytes[at] = XL_MAGIC.charCodeAt(at);
      view.setUint32(32, XL_BYTE_ORDER, true);
      view.setUint32(36, item.mandatoryFlags, true);
      view.setUint32(40, item.optionalFlags, true);
      view.setUint32(44, length, true);
      view.setUint32(XL_HEADER_BYTES, item.config.length, true);
      bytes.set(item.config, XL_HEADER_BYTES + 4);
      return bytes;
    }
    case 'libxl-header': {
      const { bytes, view } = blank(LIBXL_HEADER_BYTES);
      view.setBigUint64(0, LIBXL_IDENT);
      view.setUint32(8, LIBXL_VERSION);
      view.setUint32(12, item.options);
      return bytes;
    }
    case 'libxl-record': {
      const { number, body } = libxlRecordBody(item.record);
      return framed(number, body);
    }
    case 'image-header': {
      const { bytes, view } = blank(IMAGE_HEADER_BYTES);
      view.setBigUint64(0, IMAGE_MARKER);
      view.setUint32(8, IMAGE_ID);
      view.setUint32(12, item.version);
      return bytes;
    }
    case 'domain-header': {
      const { bytes, view } = blank(DOMAIN_HEADER_BYTES);
      view.setUint32(0, item.domainType === 'x86 PV' ? DOMAIN_TYPE.x86Pv : DOMAIN_TYPE.x86Hvm, true);
      view.setUint16(4, PAGE_SHIFT, true);
      view.setUint32(8, item.xenMajor, true);
      view.setUint32(12, item.xenMinor, true);
      return bytes;
    }
    case 'record':
      return framed(numberOf(item.record), recordBody(item.record));
  }
}

function framed(number: number, body: Uint8Array): Uint8Array {
  const { bytes, view } = blank(RECORD_HEADER_BYTES + body.length + paddingAfter(body.length));
  view.setUint32(0, number, true);
  view.setUint32(4, body.length, true);
  bytes.set(body, RECORD_HEADER_BYTES);
  return bytes;
}

function blank(length: number): { readonly bytes: Uint8Array; readonly view: DataView } {
  const bytes = new Uint8Array(length);
  return { bytes, view: new DataView(bytes.buffer) };
}
