import fc from 'fast-check';
import type { TSchema } from 'typebox';
import { describe, expect, it } from 'vitest';
import { decode, encode } from './codec.ts';
import { MESSAGES, type Message, type MessageType } from './control/registry.ts';
import { SkewbedError } from './errors.ts';
import { CONTROL_MESSAGE_MAX_BYTES, MESSAGE_DEPTH_MAX } from './limits.ts';
import { pack } from './msgpack.ts';
import { trueNs } from './units.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const bytesOf = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'));

/** The error that decoding gives; a test that expects one fails when there is none. */
function refusalOf(bytes: Uint8Array, socket: 'control' | 'stream' = 'control'): SkewbedError {
  try {
    decode(bytes, socket);
  } catch (error) {
    if (error instanceof SkewbedError) return error;
    throw error;
  }
  throw new Error(`decoded: ${hex(bytes)}`);
}

describe('the bytes of a message', () => {
  it('are one msgpack map, nanoseconds as 64-bit integers', () => {
    const pong = encode({ type: 'clock-pong', id: 7, trueNs: trueNs(5n) });
    expect(hex(pong)).toBe(
      hex(
        bytesOf(`83
          a4 74797065      aa 636c6f636b2d706f6e67
          a2 6964          07
          a6 747275654e73  d3 0000000000000005`),
      ),
    );
    expect(decode(pong, 'control')).toEqual({ type: 'clock-pong', id: 7, trueNs: 5n });
  });

  it('carry a time beyond 2^63 unsigned, and an optional field that is undefined not at all', () => {
    const ack = encode({ type: 'clock-pong', id: 0, trueNs: trueNs(2n ** 64n - 1n) });
    expect(hex(ack)).toContain('cfffffffffffffffff');
    const hello = {
      type: 'hello',
      protocol: { major: 1, minor: 0 },
      role: 'runner',
      name: 'r',
      checksums: [],
    } as const;
    const withUndefined = { ...hello, url: undefined } as unknown as Message;
    expect(hex(encode(withUndefined))).toBe(hex(encode(hello)));
  });

  it('are decoded to views, not to copies', () => {
    const batch = encode({
      type: 'batch',
      migration: 'm',
      seq: 0,
      records: [{ type: 'SHARED_INFO', page: new Uint8Array(4096).fill(7) }],
      pages: new Uint8Array(0),
      checksum: 0n,
    });
    const message = decode(batch, 'stream');
    if (message.type !== 'batch' || message.records[0]?.type !== 'SHARED_INFO') throw new Error(message.type);
    const { page } = message.records[0];
    expect(page.buffer).toBe(batch.buffer);
    // Not a Buffer, although it came as one: Buffer's slice() is no copy, and who keeps a page relies on a copy.
    expect(batch).toBeInstanceOf(Buffer);
    expect(page).not.toBeInstanceOf(Buffer);
  });
});

describe('what decode refuses', () => {
  const pong = { type: 'clock-pong', id: 7, trueNs: 5n };

  it.each([
    ['nothing', new Uint8Array(0), 'truncated'],
    ['a truncated message', encode({ type: 'clock-ping', id: 1 }).slice(0, -1), 'truncated'],
    ['bytes behind the message', Buffer.concat([pack(pong), Buffer.of(0xc0)]), '1 bytes follow'],
    ['an unknown type', pack({ type: 'clock-pang', id: 7 }), "type 'clock-pang' is not known"],
    ['a type that every object has', pack({ type: 'toString' }), "type 'toString' is not known"],
    ['no type', pack({ id: 7 }), 'type undefined is not known'],
    ['no map', pack([1, 2]), 'type undefined is not known'],
    ['an unknown key', pack({ ...pong, extra: 1 }), 'unknown key "extra"'],
    ['a missing key', pack({ type: 'clock-pong', id: 7 }), 'trueNs: is missing'],
    ['a number where nanoseconds are due', pack({ ...pong, trueNs: 5 }), 'trueNs: must be bigint'],
    ['nanoseconds where a number is due', pack({ ...pong, id: 7n }), 'id: must be'],
    ['an extension type', bytesOf('81 a4 74797065 d4 00 00'), '0xd4'],
    ['a record definition of msgpackr', bytesOf('d4 72 40 91 a4 74797065 01'), '0xd4'],
    ['a key that is no string', bytesOf('81 01 02'), 'is no string'],
    ['a length that the bytes cannot hold', bytesOf('dd ffffffff'), 'cannot all be there'],
    ['bytes that are longer than the message', bytesOf('81 a4 74797065 c6 7fffffff'), 'truncated'],
    [
      'a message of the other socket',
      pack({ type: 'ack', migration: 'm', seq: 0 }),
      "'ack' is no message of a control socket",
    ],
  ])('%s', (_what, bytes, message) => {
    const error = refusalOf(bytes);
    expect(error.code).toBe('bad-message');
    expect(error.message).toContain(message);
  });

  it('more than a socket takes, before looking at it', () => {
    const error = refusalOf(new Uint8Array(CONTROL_MESSAGE_MAX_BYTES + 1));
    expect(error.code).toBe('bad-message');
    expect(error.message).toContain(`at most ${CONTROL_MESSAGE_MAX_BYTES}`);
  });

  it('containers in containers without end, before the stack is gone', () => {
    expect(refusalOf(new Uint8Array(100_000).fill(0x91)).message).toContain(`more than ${MESSAGE_DEPTH_MAX}`);
  });

  it('a hello of another major for its version, whatever else is in it', () => {
    const error = refusalOf(pack({ type: 'hello', protocol: { major: 2, minor: 1 }, fleet: 'x' }));
    expect(error.code).toBe('protocol-mismatch');
    expect(error.message).toContain('2.1');
  });

  it('a command that is wrong somewhere deep, with the path to it', () => {
    const command = {
      command: 'step',
      at: null,
      event: { type: 'settime', to: { kind: 'relative', byNs: 5 }, by: 'ntp' },
    };
    const error = refusalOf(pack({ type: 'request', id: 1, to: 'a', command }));
    expect(error.message).toContain('command.event.to.byNs: must be bigint');
  });
});

describe('encode', () => {
  it('refuses to send what the other side would refuse', () => {
    const bad = { type: 'clock-ping', id: -1 } as const;
    expect(() => encode(bad)).toThrow(/'clock-ping' that is to be sent: id/);
  });

  it('refuses a message that is too large for its socket', () => {
    const line = { at: trueNs(0n), kind: 'console', domain: 'd', line: 'x'.repeat(4096), times: 1n } as const;
    expect(() => encode({ type: 'event', events: Array.from({ length: 1000 }, () => line) })).toThrow(/at most/);
  });
});

describe('every message of the registry', () => {
  const types = Object.keys(MESSAGES) as MessageType[];
  const anyMessage = fc.oneof(...types.map((type) => valuesOf(MESSAGES[type].schema))) as fc.Arbitrary<Message>;

  it.each(types)('%s comes back as it was sent', (type) => {
    fc.assert(
      fc.property(valuesOf(MESSAGES[type].schema) as fc.Arbitrary<Message>, (message) => {
        expect(decode(encode(message), MESSAGES[type].socket)).toEqual(message);
      }),
      { numRuns: 60 },
    );
  });

  it('with any byte changed is decoded or refused with a code, and nothing else happens', () => {
    let refused = 0;
    fc.assert(
      fc.property(anyMessage, fc.nat(), fc.integer({ min: 0, max: 255 }), (message, position, byte) => {
        const bytes = encode(message).slice();
        bytes[position % bytes.length] = byte;
        try {
          decode(bytes, MESSAGES[message.type].socket);
        } catch (error) {
          refused += 1;
          expect(error).toBeInstanceOf(SkewbedError);
          expect(['bad-message', 'protocol-mismatch']).toContain((error as SkewbedError).code);
        }
      }),
      { numRuns: 3000 },
    );
    // The canary: a decoder that takes everything would pass the loop above.
    expect(refused).toBeGreaterThan(500);
  });

  it('cut short anywhere is refused', () => {
    fc.assert(
      fc.property(anyMessage, fc.nat(), (message, position) => {
        const bytes = encode(message);
        expect(refusalOf(bytes.subarray(0, position % bytes.length), MESSAGES[message.type].socket).code).toBe(
          'bad-message',
        );
      }),
      { numRuns: 500 },
    );
  });

  it('is not to be found in random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect(refusalOf(bytes).code).toBe('bad-message');
      }),
      { numRuns: 3000 },
    );
  });
});

type Node = TSchema & {
  readonly type?: string;
  readonly anyOf?: readonly Node[];
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly items?: Node;
  readonly const?: unknown;
  readonly pattern?: string;
  readonly minimum?: number | bigint;
  readonly maximum?: number | bigint;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxLength?: number;
  readonly bytes?: { readonly least?: number; readonly most: number };
};

/** Values of a schema, as a fast-check generator: what the registry declares is what is tried. */
function valuesOf(schema: TSchema): fc.Arbitrary<unknown> {
  const node = schema as Node;
  if (node.const !== undefined) return fc.constant(node.const);
  if (node.anyOf !== undefined) return fc.oneof(...node.anyOf.map(valuesOf));
  if (node.properties !== undefined) {
    const fields = Object.fromEntries(Object.entries(node.properties).map(([key, field]) => [key, valuesOf(field)]));
    return fc.record(fields, { requiredKeys: [...(node.required ?? [])], noNullPrototype: true });
  }
  if (node.items !== undefined) {
    return fc.array(valuesOf(node.items), {
      minLength: node.minItems ?? 0,
      maxLength: Math.min(node.maxItems ?? 5, 5),
    });
  }
  if (node.bytes !== undefined) {
    const { least = 0, most } = node.bytes;
    return fc.uint8Array({ minLength: least, maxLength: Math.max(least, Math.min(most, least + 40)) });
  }
  switch (node.type) {
    case 'bigint':
      return fc.bigInt(node.minimum as bigint, node.maximum as bigint);
    case 'integer':
      return fc.integer({ min: Number(node.minimum), max: Number(node.maximum) });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'string':
      return node.pattern === undefined
        ? fc.string({ maxLength: Math.min(node.maxLength ?? 20, 20), unit: 'grapheme' })
        : fc.stringMatching(new RegExp(node.pattern));
    default:
      throw new Error(`no generator for ${JSON.stringify(node)}`);
  }
}
