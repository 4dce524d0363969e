/**
 * Reads a save file from its first byte to its last, item by item. It holds one record at a time, looks at a length
 * before it asks for that many bytes, and throws a SaveFileFault at the first byte that no such file has: a wrong mark,
 * a reserved bit, an unknown record, a length that cannot be, a byte behind the end.
 */
import { SAVED_CONFIG_MAX_BYTES } from '../limits.ts';
import { ByteCursor, type ByteInput, Piece } from './byte-cursor.ts';
import {
  DOMAIN_HEADER_BYTES,
  DOMAIN_TYPE,
  IMAGE_HEADER_BYTES,
  IMAGE_ID,
  IMAGE_MARKER,
  LIBXL_HEADER_BYTES,
  LIBXL_IDENT,
  LIBXL_OPTION,
  LIBXL_VERSION,
  PAGE_SHIFT,
  paddingAfter,
  RECORD_HEADER_BYTES,
  RECORDS,
  recordNamed,
  XL_BYTE_ORDER,
  XL_FLAG,
  XL_HEADER_BYTES,
  XL_MAGIC,
} from './format.ts';
import { readLibxlRecord } from './libxl-record.ts';
import { isReadable, readRecord } from './record-codec.ts';
import { SaveFileFault } from './save-file-fault.ts';
import type { PlacedItem, SaveItem } from './save-item.ts';

/** The items of a file. The bytes in them are views that live as long as somebody holds them. */
export function* readSaveFile(input: ByteInput): Generator<PlacedItem> {
  const cursor = new ByteCursor(input);
  const layer = layerOf(cursor.peek(8));
  if (layer === 'xl') yield readXlHeader(cursor);
  if (layer === 'libxc') yield* readImage(cursor);
  else yield* readLibxl(cursor);
  const { offset } = cursor;
  if (cursor.peek(1).length > 0) {
    throw new SaveFileFault({ offset, record: 'END', reason: 'the file goes on behind its end; cut it off here' });
  }
}

function layerOf(start: Uint8Array): 'xl' | 'libxl' | 'libxc' {
  const text = String.fromCharCode(...start);
  if (text === XL_MAGIC.slice(0, 8)) return 'xl';
  if (text === 'LibxlFmt') return 'libxl';
  if (start.length === 8 && start.every((byte) => byte === 0xff)) return 'libxc';
  const packed = PACKED.find(({ magic }) => magic.every((byte, index) => start[index] === byte));
  const reason =
    packed === undefined
      ? `it begins with ${hex(start)}; a save file begins with "Xen save", "LibxlFmt" or eight bytes ff`
      : `it is packed by ${packed.by}; unpack it first, or pipe it: ${packed.command} FILE | skewbed inspect -`;
  throw new SaveFileFault({ offset: 0, record: 'start of the file', reason });
}

const PACKED = [
  { by: 'xz', command: 'xzcat', magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00] },
  { by: 'gzip', command: 'zcat', magic: [0x1f, 0x8b] },
  { by: 'zstd', command: 'zstdcat', magic: [0x28, 0xb5, 0x2f, 0xfd] },
] as const;

const hex = (bytes: Uint8Array): string =>
  bytes.length === 0 ? 'nothing' : Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');

const placed = (item: SaveItem, offset: number, length: number): PlacedItem => ({ ...item, offset, length });

function readXlHeader(cursor: ByteCursor): PlacedItem {
  const header = cursor.take(XL_HEADER_BYTES, 'xl header');
  for (let at = 0; at < XL_MAGIC.length; at++) {
    if (header.u8(at) === XL_MAGIC.charCodeAt(at)) continue;
    header.fail(
      at,
      `byte ${at} of the magic is 0x${header.u8(at).toString(16)}, not 0x${XL_MAGIC.charCodeAt(at).toString(16)}`,
    );
  }
  if (header.u32(32) !== XL_BYTE_ORDER) {
    const big = header.u32be(32) === XL_BYTE_ORDER ? ', which a big-endian machine writes' : '';
    header.fail(32, `the byte order is 0x${header.u32(32).toString(16)}${big}; it has to be 0x1020304`);
  }
  const mandatoryFlags = header.u32(36);
  if (mandatoryFlags !== (XL_FLAG.json | XL_FLAG.streamV2)) {
    header.fail(
      36,
      `the mandatory flags are 0x${mandatoryFlags.toString(16)}; a file of Xen 4.6 or later has 0x3: JSON, stream v2`,
    );
  }
  const optionalFlags = header.u32(40);
  if (optionalFlags !== 0) header.fail(40, `the optional flags are 0x${optionalFlags.toString(16)}; none is defined`);
  const length = header.u32(44);
  if (length < 5 || length > SAVED_CONFIG_MAX_BYTES) {
    header.fail(44, `the optional data have ${length} bytes; the configuration takes 5 to ${SAVED_CONFIG_MAX_BYTES}`);
  }
  const data = cursor.take(length, 'xl configuration');
  if (data.u32(0) !== length - 4) {
    data.fail(0, `the configuration is said to have ${data.u32(0)} bytes; ${length - 4} are there`);
  }
  const config = data.bytes.subarray(4);
  return placed({ kind: 'xl-header', mandatoryFlags, optionalFlags, config }, header.offset, cursor.offset);
}

function* readLibxl(cursor: ByteCursor): Generator<PlacedItem> {
  const header = cursor.take(LIBXL_HEADER_BYTES, 'libxl header');
  if (header.u64be(0) !== LIBXL_IDENT)
    header.fail(0, `the ident is ${hex(header.bytes.subarray(0, 8))}, not "LibxlFmt"`);
  if (header.u32be(8) !== LIBXL_VERSION) header.fail(8, `version ${header.u32be(8)}; there is ${LIBXL_VERSION}`);
  const options = header.u32be(12);
  if ((options & LIBXL_OPTION.bigEndian) !== 0) header.fail(12, 'a big-endian stream; little-endian ones are read');
  if ((options & ~LIBXL_OPTION.convertedLegacy) !== 0)
    header.fail(12, `options 0x${options.toString(16)} are not defined`);
  yield placed({ kind: 'libxl-header', options }, header.offset, header.length);
  for (;;) {
    const { offset } = cursor;
    const { record, length } = readLibxlRecord(cursor);
    yield placed({ kind: 'libxl-record', record }, offset, length);
    if (record.type === 'LIBXC_CONTEXT') yield* readImage(cursor);
    if (record.type === 'END') return;
  }
}

function* readImage(cursor: ByteCursor): Generator<PlacedItem> {
  yield readImageHeader(cursor);
  yield readDomainHeader(cursor);
  for (;;) {
    const item = readImageRecord(cursor);
    yield item;
    if (item.kind === 'record' && item.record.type === 'END') return;
  }
}

function readImageHeader(cursor: ByteCursor): PlacedItem {
  const header = cursor.take(IMAGE_HEADER_BYTES, 'image header');
  if (header.u64be(0) !== IMAGE_MARKER)
    header.fail(0, `the marker is ${hex(header.bytes.subarray(0, 8))}, not eight bytes ff`);
  if (header.u32be(8) !== IMAGE_ID) header.fail(8, `the id is ${hex(header.bytes.subarray(8, 12))}, not "XENF"`);
  const version = header.u32be(12);
  if (version !== 2 && version !== 3) return header.fail(12, `version ${version}; versions 2 and 3 are read`);
  const options = header.u16be(16);
  if (options === 1) header.fail(16, 'a big-endian image; little-endian ones are read');
  if (options !== 0) header.fail(16, `options 0x${options.toString(16)} are not defined`);
  header.zero(18, 24, 'a reserved byte');
  return placed({ kind: 'image-header', version }, header.offset, header.length);
}

function readDomainHeader(cursor: ByteCursor): PlacedItem {
  const header = cursor.take(DOMAIN_HEADER_BYTES, 'domain header');
  const type = header.u32(0);
  if (type !== DOMAIN_TYPE.x86Pv && type !== DOMAIN_TYPE.x86Hvm) {
    header.fail(0, `domain type ${type}; there are 1 (x86 PV) and 2 (x86 HVM)`);
  }
  if (header.u16(4) !== PAGE_SHIFT) header.fail(4, `pages of 2^${header.u16(4)} bytes; x86 has 2^${PAGE_SHIFT}`);
  header.zero(6, 8, 'a reserved byte');
  const xenMajor = header.u32(8);
  const xenMinor = header.u32(12);
  if (xenMajor !== 0 && (xenMajor < 3 || xenMajor > 31)) {
    header.fail(8, `Xen ${xenMajor}; the major version is 3 to 31, or 0 for what the legacy converter writes`);
  }
  if (xenMinor > 255) header.fail(12, `Xen ${xenMajor}.${xenMinor}; the minor version is below 256`);
  const domainType = type === DOMAIN_TYPE.x86Pv ? 'x86 PV' : 'x86 HVM';
  return placed({ kind: 'domain-header', domainType, xenMajor, xenMinor }, header.offset, header.length);
}

function readImageRecord(cursor: ByteCursor): PlacedItem {
  const header = cursor.take(RECORD_HEADER_BYTES, 'record header');
  const number = header.u32(0);
  const length = header.u32(4);
  const type = recordNamed(number);
  if (!isReadable(number))
    header.fail(0, `record 0x${number.toString(16)} is not known, and is not marked as optional`);
  const name = type ?? `record 0x${number.toString(16)}`;
  // One wrong byte makes a known number optional, and its record would be passed over unseen.
  const near = type === undefined ? recordNamed(number & 0xff_ffff) : undefined;
  if (near !== undefined) {
    header.fail(0, `record 0x${number.toString(16)} is not known, and but for its highest byte it is ${near}`);
  }
  const { least, most } = type === undefined ? { least: 0, most: OPTIONAL_MOST } : RECORDS[type];
  if (length < least || length > most) {
    const due = least === most ? `${least}` : `${least} to ${most}`;
    new Piece(header.offset, name, header.bytes).fail(4, `its length is ${length} bytes; it has ${due}`);
  }
  const body = cursor.take(length, name);
  const record = readRecord(number, body);
  cursor.take(paddingAfter(length), name).zero(0, paddingAfter(length), 'a byte of padding');
  return placed({ kind: 'record', record }, header.offset, length);
}

const OPTIONAL_MOST = 64 * 1024;
