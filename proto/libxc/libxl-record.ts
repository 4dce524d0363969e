/**
 * One record of libxl's stream: u32 type, u32 length, body, zero padding to eight bytes. LIBXC_CONTEXT has no body of its
 * own: libxc's image follows it, unframed, and then the next record of libxl.
 */
import { SAVED_BLOB_MAX_BYTES, SAVED_DEVICE_STATE_MAX_BYTES } from '../limits.ts';
import { type ByteCursor, Piece } from './byte-cursor.ts';
import { LIBXL_RECORD, type LibxlRecordType, paddingAfter, RECORD_HEADER_BYTES } from './format.ts';
import type { LibxlRecord } from './save-item.ts';

const EMULATOR_HEADER_BYTES = 8;
/** Emulators: 0 unknown, 1 the traditional qemu, 2 the upstream one. */
const EMULATOR_MAX = 2;
/** States of a COLO checkpoint: new, suspended, ready, resumed. */
const CHECKPOINT_STATE_MAX = 3;

const LENGTHS: Readonly<Record<LibxlRecordType, { readonly least: number; readonly most: number }>> = {
  END: { least: 0, most: 0 },
  LIBXC_CONTEXT: { least: 0, most: 0 },
  EMULATOR_XENSTORE_DATA: { least: EMULATOR_HEADER_BYTES, most: SAVED_BLOB_MAX_BYTES },
  EMULATOR_CONTEXT: { least: EMULATOR_HEADER_BYTES, most: SAVED_DEVICE_STATE_MAX_BYTES },
  CHECKPOINT_END: { least: 0, most: 0 },
  CHECKPOINT_STATE: { least: 4, most: 4 },
};
const NAMES = new Map(
  Object.entries(LIBXL_RECORD).map(([name, number]) => [number as number, name as LibxlRecordType]),
);

/** The next record. Throws a SaveFileFault. */
export function readLibxlRecord(cursor: ByteCursor): { readonly record: LibxlRecord; readonly length: number } {
  const header = cursor.take(RECORD_HEADER_BYTES, 'libxl record header');
  const type = NAMES.get(header.u32(0));
  if (type === undefined) return header.fail(0, `libxl record 0x${header.u32(0).toString(16)} is not known`);
  const name = `libxl ${type}`;
  const length = header.u32(4);
  const { least, most } = LENGTHS[type];
  if (length < least || length > most) {
    const due = least === most ? `${least}` : `${least} to ${most}`;
    new Piece(header.offset, name, header.bytes).fail(4, `its length is ${length} bytes; it has ${due}`);
  }
  const body = cursor.take(length, name);
  const record = fromBody(type, body);
  cursor.take(paddingAfter(length), name).zero(0, paddingAfter(length), 'a byte of padding');
  return { record, length };
}

/** Number and body of a record. */
export function libxlRecordBody(record: LibxlRecord): { readonly number: number; readonly body: Uint8Array } {
  const number = LIBXL_RECORD[record.type];
  switch (record.type) {
    case 'END':
    case 'LIBXC_CONTEXT':
    case 'CHECKPOINT_END':
      return { number, body: new Uint8Array(0) };
    case 'EMULATOR_XENSTORE_DATA':
      return { number, body: emulatorBody(record, record.strings) };
    case 'EMULATOR_CONTEXT':
      return { number, body: emulatorBody(record, record.state) };
    case 'CHECKPOINT_STATE':
      return { number, body: Uint8Array.of(record.state, 0, 0, 0) };
  }
}

function fromBody(type: LibxlRecordType, body: Piece): LibxlRecord {
  switch (type) {
    case 'END':
    case 'LIBXC_CONTEXT':
    case 'CHECKPOINT_END':
      return { type };
    case 'EMULATOR_XENSTORE_DATA':
      return { type, ...emulatorOf(body), strings: stringsOf(body.from(EMULATOR_HEADER_BYTES)) };
    case 'EMULATOR_CONTEXT':
      return { type, ...emulatorOf(body), state: body.bytes.subarray(EMULATOR_HEADER_BYTES) };
    case 'CHECKPOINT_STATE': {
      const state = body.u32(0);
      if (state > CHECKPOINT_STATE_MAX)
        body.fail(0, `checkpoint state ${state}; there are 0 to ${CHECKPOINT_STATE_MAX}`);
      return { type, state };
    }
  }
}

function emulatorOf(body: Piece): { readonly emulator: number; readonly index: number } {
  const emulator = body.u32(0);
  if (emulator > EMULATOR_MAX) body.fail(0, `emulator ${emulator}; there are 0 to ${EMULATOR_MAX}`);
  return { emulator, index: body.u32(4) };
}

/** Keys and values in turn: an even number of strings, each with its NUL. */
function stringsOf(body: Piece): Uint8Array {
  if (body.length === 0) return body.bytes;
  if (body.u8(body.length - 1) !== 0) body.fail(body.length - 1, 'the last string has no NUL');
  const strings = body.bytes.reduce((count, byte) => (byte === 0 ? count + 1 : count), 0);
  if (strings % 2 !== 0) body.fail(0, `${strings} strings; keys and values come in pairs`);
  return body.bytes;
}

function emulatorBody({ emulator, index }: { emulator: number; index: number }, rest: Uint8Array): Uint8Array {
  const body = new Uint8Array(EMULATOR_HEADER_BYTES + rest.length);
  const view = new DataView(body.buffer);
  view.setUint32(0, emulator, true);
  view.setUint32(4, index, true);
  body.set(rest, EMULATOR_HEADER_BYTES);
  return body;
}
