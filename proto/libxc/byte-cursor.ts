/**
 * A save file as a row of bytes that is read once, from its start, and the fields of one piece of it. Who reads says how
 * many bytes come next and what they are; a file that ends before is a fault there. Nothing is allocated for bytes that
 * nobody asked for, and a caller asks for no more than the limits allow.
 */
import { SaveFileFault } from './save-file-fault.ts';

/** Where the bytes come from: a file, standard input, memory. */
export interface ByteInput {
  /** The next `length` bytes; fewer at the end of the input alone, none behind it. */
  read(length: number): Uint8Array;
}

/** Bytes that are in memory already. What is read are views of them. */
export function bytesInput(bytes: Uint8Array): ByteInput {
  let at = 0;
  return {
    read(length) {
      const part = bytes.subarray(at, at + length);
      at += part.length;
      return part;
    },
  };
}

/** A piece of the file with its place in it. */
export class Piece {
  readonly offset: number;
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  constructor(offset: number, name: string, bytes: Uint8Array) {
    this.offset = offset;
    this.name = name;
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get length(): number {
    return this.bytes.length;
  }

  u8(at: number): number {
    return this.#view.getUint8(at);
  }

  u16(at: number): number {
    return this.#view.getUint16(at, true);
  }

  u32(at: number): number {
    return this.#view.getUint32(at, true);
  }

  u64(at: number): bigint {
    return this.#view.getBigUint64(at, true);
  }

  u16be(at: number): number {
    return this.#view.getUint16(at);
  }

  u32be(at: number): number {
    return this.#view.getUint32(at);
  }

  u64be(at: number): bigint {
    return this.#view.getBigUint64(at);
  }

  /** The bytes from `at` on, as another piece. */
  from(at: number): Piece {
    return new Piece(this.offset + at, this.name, this.bytes.subarray(at));
  }

  /** Throws the fault at `at` of this piece. */
  fail(at: number, reason: string): never {
    throw new SaveFileFault({ offset: this.offset + at, record: this.name, reason });
  }

  /** Reserved bytes and padding have to be zero. */
  zero(from: number, to: number, what: string): void {
    for (let at = from; at < to; at++) {
      if (this.bytes[at] !== 0) this.fail(at, `${what} is 0x${this.bytes[at]!.toString(16)}, and has to be zero`);
    }
  }
}

export class ByteCursor {
  readonly #input: ByteInput;
  /** Bytes that were looked at and not taken. */
  #ahead: Uint8Array = new Uint8Array(0);
  #offset = 0;

  constructor(input: ByteInput) {
    this.#input = input;
  }

  /** How far the file is read. */
  get offset(): number {
    return this.#offset;
  }

  /** The next bytes as a piece of this name. */
  take(length: number, name: string): Piece {
    const bytes = this.#next(length);
    const piece = new Piece(this.#offset, name, bytes);
    if (bytes.length < length) {
      piece.fail(bytes.length, `the file ends here, ${length - bytes.length} bytes short: ${length} bytes were due`);
    }
    this.#offset += length;
    return piece;
  }

  /** The next bytes, which stay the next ones; fewer at the end. */
  peek(length: number): Uint8Array {
    if (this.#ahead.length < length) this.#ahead = this.#next(length);
    return this.#ahead.subarray(0, length);
  }

  #next(length: number): Uint8Array {
    const { length: kept } = this.#ahead;
    if (kept === 0) return plain(this.#input.read(length));
    if (kept >= length) {
      const part = this.#ahead.subarray(0, length);
      this.#ahead = this.#ahead.subarray(length);
      return part;
    }
    const rest = this.#input.read(length - kept);
    const joined = new Uint8Array(kept + rest.length);
    joined.set(this.#ahead);
    joined.set(rest, kept);
    this.#ahead = this.#ahead.subarray(kept);
    return joined;
  }
}

/** Node's Buffer is a Uint8Array whose slice() copies nothing: who took a copy of a record would write into the file. */
const plain = (bytes: Uint8Array): Uint8Array =>
  bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
