/**
 * Walks a message of msgpack bytes without decoding it (github.com/msgpack/msgpack, spec.md) and says whether it is one
 * whole value of the kinds that Skewbed sends: maps with string keys, arrays, strings, bytes, integers, floats, booleans, nil.
 * It comes before the decoder, which would otherwise allocate what a hostile length claims, follow extension types
 * (records, errors, dates), read on past a truncated end, or recurse until the stack is gone. Strings are not checked
 * for UTF-8: the decoder replaces what is none.
 */
import { SkewbedError } from './errors.ts';
import { MESSAGE_DEPTH_MAX, MESSAGE_ITEMS_MAX } from './limits.ts';

/** Null when the bytes are one whole value, otherwise what is wrong and at which offset. */
export function shapeProblem(bytes: Uint8Array): string | null {
  const walk = new Walk(bytes);
  const problem = walk.value(0);
  if (problem !== null) return problem;
  return walk.at === bytes.length ? null : `${bytes.length - walk.at} bytes follow the value which ends at ${walk.at}`;
}

/** Where the value that begins at `at` ends, null when these bytes are only a part of it. Throws on what is no value. */
export function valueEnd(bytes: Uint8Array, at: number): number | null {
  const walk = new Walk(bytes);
  walk.at = at;
  const problem = walk.value(0);
  if (problem === null) return walk.at;
  if (problem.startsWith(TRUNCATED)) return null;
  throw new SkewbedError('bad-message', `bad message: ${problem}`);
}

const TRUNCATED = 'truncated: ';

class Walk {
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #items = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  value(depth: number): string | null {
    const start = this.at;
    const token = this.#bytes[this.at];
    if (token === undefined) return `${TRUNCATED}a value is missing at ${start}`;
    this.at += 1;
    if (token <= 0x7f || token >= 0xe0) return null;
    if (token <= 0x8f) return this.#map(token & 0x0f, depth);
    if (token <= 0x9f) return this.#array(token & 0x0f, depth);
    if (token <= 0xbf) return this.#skip(token & 0x1f, start);
    switch (token) {
      case 0xc0: // nil
      case 0xc2: // false
      case 0xc3: // true
        return null;
      case 0xc4: // bin 8, 16, 32
      case 0xd9: // str 8, 16, 32
        return this.#counted(1, start, (length) => this.#skip(length, start));
      case 0xc5:
      case 0xda:
        return this.#counted(2, start, (length) => this.#skip(length, start));
      case 0xc6:
      case 0xdb:
        return this.#counted(4, start, (length) => this.#skip(length, start));
      case 0xcc: // uint 8, int 8
      case 0xd0:
        return this.#skip(1, start);
      case 0xcd: // uint 16, int 16
      case 0xd1:
        return this.#skip(2, start);
      case 0xca: // float 32, uint 32, int 32
      case 0xce:
      case 0xd2:
        return this.#skip(4, start);
      case 0xcb: // float 64, uint 64, int 64
      case 0xcf:
      case 0xd3:
        return this.#skip(8, start);
      case 0xdc: // array 16, 32
        return this.#counted(2, start, (count) => this.#array(count, depth));
      case 0xdd:
        return this.#counted(4, start, (count) => this.#array(count, depth));
      case 0xde: // map 16, 32
        return this.#counted(2, start, (count) => this.#map(count, depth));
      case 0xdf:
        return this.#counted(4, start, (count) => this.#map(count, depth));
      default: // 0xc1 is never used; the others are extension types
        return `0x${token.toString(16)} at ${start} is no kind of value that a message may hold`;
    }
  }

  #map(count: number, depth: number): string | null {
    const start = this.at;
    const refused = this.#enter(count, 2 * count, depth, start);
    if (refused !== null) return refused;
    for (let i = 0; i < count; i++) {
      const key = this.#bytes[this.at];
      if (key !== undefined && !isString(key)) return `the key at ${this.at} is no string`;
      const problem = this.value(depth + 1) ?? this.value(depth + 1);
      if (problem !== null) return problem;
    }
    return null;
  }

  #array(count: number, depth: number): string | null {
    const refused = this.#enter(count, count, depth, this.at);
    if (refused !== null) return refused;
    for (let i = 0; i < count; i++) {
      const problem = this.value(depth + 1);
      if (problem !== null) return problem;
    }
    return null;
  }

  /** Before the first item: each item is at least one byte, so a count beyond what is left is a lie. */
  #enter(count: number, leastBytes: number, depth: number, start: number): string | null {
    if (depth >= MESSAGE_DEPTH_MAX) return `more than ${MESSAGE_DEPTH_MAX} containers in containers at ${start}`;
    if (leastBytes > this.#bytes.length - this.at) return `${TRUNCATED}${count} items at ${start} cannot all be there`;
    this.#items += count;
    return this.#items > MESSAGE_ITEMS_MAX ? `more than ${MESSAGE_ITEMS_MAX} items at ${start}` : null;
  }

  #counted(width: 1 | 2 | 4, start: number, then: (count: number) => string | null): string | null {
    if (width > this.#bytes.length - this.at) return `${TRUNCATED}the length at ${start} is not whole`;
    const count =
      width === 1
        ? this.#view.getUint8(this.at)
        : width === 2
          ? this.#view.getUint16(this.at)
          : this.#view.getUint32(this.at);
    this.at += width;
    return then(count);
  }

  #skip(length: number, start: number): string | null {
    const left = this.#bytes.length - this.at;
    if (length > left) return `${TRUNCATED}the value at ${start} has ${length} bytes, ${left} are there`;
    this.at += length;
    return null;
  }
}

function isString(token: number): boolean {
  return (token >= 0xa0 && token <= 0xbf) || (token >= 0xd9 && token <= 0xdb);
}
