/**
 * Damaged save files, and what has to hold for every one of them: it is read to its end or refused with offset, record
 * and reason; no read asks for more than the largest record; what was read is written back byte for byte; and a changed
 * byte of a header is refused unless its field is free.
 */
import { type ByteInput, bytesInput } from '@skewbed/proto/libxc/byte-cursor.ts';
import { readSaveFile } from '@skewbed/proto/libxc/save-file-reader.ts';
import { SAVED_DEVICE_STATE_MAX_BYTES } from '@skewbed/proto/limits.ts';
import { FREE_FIELDS, type HeaderField, headerFields } from './header-fields.ts';
import { inspectSave } from './inspect.ts';
import { smallSaveBytes } from './small-save.ts';
import { verifySave } from './verify.ts';

/** A number in [0, below), the next one each time. */
export type Dice = (below: number) => number;

/** The same dice for the same seed. */
export function diceOf(seed: number): Dice {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return Math.floor((((mixed ^ (mixed >>> 16)) >>> 0) / 0x1_0000_0000) * below);
  };
}

/** Fields of headers in a sound file. */
export const fieldsOf = (bytes: Uint8Array): HeaderField[] =>
  [...readSaveFile(bytesInput(bytes))].flatMap(headerFields);

/** Throws when a changed byte of a header field goes unnoticed, or is refused without a place. */
export function holdByte(bytes: Uint8Array, at: number, value: number, field: HeaderField): 'refused' | 'free' {
  const before = bytes[at]!;
  bytes[at] = value;
  try {
    const { sound, problems } = verifySave(bytesInput(bytes));
    if (!sound) {
      const [first] = problems;
      if (first === undefined || first.record === '' || first.reason === '' || !Number.isInteger(first.offset)) {
        throw new Error(`byte ${at} (${field.name}) = ${value}: refused without a place`);
      }
      return 'refused';
    }
    if (field.name in FREE_FIELDS) return 'free';
    throw new Error(`byte ${at} (${field.name}) from ${before} to ${value}: nobody noticed`);
  } finally {
    bytes[at] = before;
  }
}

/** A damaged copy of a file: a few bytes, a cut, a piece twice, a piece gone, a piece of another place, a length. */
export function damaged(bytes: Uint8Array, fields: readonly HeaderField[], dice: Dice): Uint8Array {
  switch (dice(7)) {
    case 0: {
      const copy = bytes.slice();
      for (let times = 1 + dice(4); times > 0; times--) copy[dice(copy.length)] = dice(256);
      return copy;
    }
    case 1:
      return bytes.subarray(0, dice(bytes.length));
    case 2: {
      const [from, length] = [dice(bytes.length), dice(256)];
      return joined(bytes.subarray(0, from + length), bytes.subarray(from));
    }
    case 3: {
      const from = dice(bytes.length);
      return joined(bytes.subarray(0, from), bytes.subarray(from + dice(256)));
    }
    case 4: {
      const copy = bytes.slice();
      const [from, to] = [dice(bytes.length), dice(bytes.length)];
      copy.set(bytes.subarray(from, Math.min(from + dice(4096), from + bytes.length - to)), to);
      return copy;
    }
    default: {
      const copy = bytes.slice();
      for (let times = 1 + dice(3); times > 0; times--) {
        const field = fields[dice(fields.length)]!;
        const at = field.offset + dice(field.length);
        copy[at] = EDGES[dice(EDGES.length)] ?? dice(256);
      }
      return copy;
    }
  }
}

const EDGES = [0x00, 0x01, 0x7f, 0x80, 0xff, undefined, undefined];

/** Holds one damaged file against what has to hold for all. Throws when something does not. */
export function hold(bytes: Uint8Array): 'sound' | 'refused' {
  const bounded = boundedInput(bytes);
  const { sound } = verifySave(bounded);
  const seen = inspectSave(bytesInput(bytes));
  if (sound && seen.problem !== null) throw new Error('verify calls it sound, and inspect cannot read it');
  if (seen.problem === null) {
    const again = smallSaveBytes([...readSaveFile(bytesInput(bytes))]);
    if (Buffer.compare(again, bytes) !== 0) throw new Error('it is read, and written back differently');
  }
  return sound ? 'sound' : 'refused';
}

function boundedInput(bytes: Uint8Array): ByteInput {
  const input = bytesInput(bytes);
  return {
    read(length) {
      if (length > SAVED_DEVICE_STATE_MAX_BYTES) throw new Error(`${length} bytes were asked for at once`);
      return input.read(length);
    },
  };
}

function joined(left: Uint8Array, right: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(left.length + right.length);
  bytes.set(left);
  bytes.set(right, left.length);
  return bytes;
}
