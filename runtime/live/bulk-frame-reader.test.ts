/** The reader of server frames, on literal bytes, in every way of cutting them, and on bytes that mean nothing. */
import { FORWARD_BUFFER_BYTES, MESSAGE_MAX_BYTES } from '@skewbed/proto/limits.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Course } from '../ports/bulk.ts';
import { BulkFrameReader } from './bulk-frame-reader.ts';
import { closePayload, frameHeader, maskedFrame, OPCODE } from './bulk-frames.ts';

/** Everything that a reader says, as text in order. */
class Listener {
  readonly heard: string[] = [];
  readonly reader: BulkFrameReader;
  readonly places: Uint8Array[];

  constructor(places: Uint8Array[] = []) {
    this.places = places;
    this.reader = new BulkFrameReader({
      begins: (beginning) => this.#begins(beginning),
      message: (bytes) => this.heard.push(`message ${hexOf(bytes)}`),
      ping: (payload) => this.heard.push(`ping ${hexOf(payload)}`),
      pong: () => this.heard.push('pong'),
      closed: (code, reason) => this.heard.push(`closed ${code} ${reason}`),
      broken: (code, reason) => this.heard.push(`broken ${code} ${reason}`),
      outletOf: () => {
        throw new Error('nothing is forwarded here');
      },
    });
  }

  /** As the socket does it: in pieces of at most `step` bytes, into the buffers that the reader gives. */
  read(bytes: Uint8Array, step = bytes.length): string[] {
    for (let at = 0; at < bytes.length; ) {
      const room = this.reader.buffer();
      expect(room.length).toBeGreaterThan(0);
      const count = Math.min(step, room.length, bytes.length - at);
      room.set(bytes.subarray(at, at + count));
      this.reader.took(count);
      at += count;
    }
    return this.heard;
  }

  #begins(beginning: Uint8Array): Course | null {
    if (this.places.length === 0) return { kind: 'gather' };
    if (beginning.length < 2) return null;
    return {
      kind: 'scatter',
      at: 2,
      into: this.places,
      landed: () => undefined,
      ended: ({ head, tail, missing }) =>
        this.heard.push(`scattered ${hexOf(head)} ${this.places.map(hexOf)} ${hexOf(tail)} -${missing}`),
    };
  }
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex') || '-';
const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const frame = (opcode: number, payload: Uint8Array, fin = true): Uint8Array =>
  new Uint8Array(Buffer.concat([frameHeader({ opcode, fin }, payload.length), payload]));

describe('what RFC 6455 allows', () => {
  test.each([
    ['an unmasked message', '82 03 010203', ['message 010203']],
    ['an empty message', '82 00', ['message -']],
    ['one in two frames', '02 01 01 80 02 0203', ['message 010203']],
    ['one in three frames, two of them empty', '02 00 00 01 aa 80 00', ['message aa']],
    ['a ping', '89 05 48656c6c6f', ['ping 48656c6c6f']],
    ['a pong that nobody asked for', '8a 00', ['pong']],
    ['control frames between fragments', '02 01 01 89 01 ff 8a 00 80 01 02', ['ping ff', 'pong', 'message 0102']],
    ['a close', '88 04 03e8 6f6b', ['closed 1000 ok']],
    ['a close between fragments', '02 01 01 88 02 03e9', ['closed 1001 ']],
    ['a close without a code', '88 00', ['closed 1005 ']],
    ['nothing behind a close', '88 00 82 01 01', ['closed 1005 ']],
    ['two messages in one read', '82 01 01 82 01 02', ['message 01', 'message 02']],
  ])('%s', (_name, bytes, heard) => {
    expect(new Listener().read(hex(bytes))).toEqual(heard);
    expect(new Listener().read(hex(bytes), 1)).toEqual(heard);
  });

  test('lengths of 126 and 127 bytes of length', () => {
    for (const length of [125, 126, 65_535, 65_536, 1_000_000]) {
      const payload = new Uint8Array(length).fill(7);
      expect(new Listener().read(frame(OPCODE.BINARY, payload))).toEqual([`message ${hexOf(payload)}`]);
    }
  });
});

describe('what it forbids is 1002', () => {
  test.each([
    ['reserved bit 1', 'c2 00'],
    ['reserved bit 2', 'a2 00'],
    ['reserved bit 3', '92 00'],
    ['a masked frame from a server', '82 83 01020304 010203'],
    ['reserved opcode 3', '83 00'],
    ['reserved opcode 11', '8b 00'],
    ['a ping in fragments', '09 00'],
    ['a ping of 126 bytes', '89 7e 007e'],
    ['a continuation of nothing', '80 01 01'],
    ['a second message within the first', '02 01 01 82 01 01'],
    ['a length in more bytes than it takes', '82 7e 007d'],
    ['a long length in more bytes than it takes', '82 7f 000000000000ffff'],
    ['a length with the top bit', '82 7f ffffffffffffffff'],
    ['a close of one byte', '88 01 03'],
    ['a close with 1005', '88 02 03ed'],
    ['a close with 1006', '88 02 03ee'],
    ['a close with 999', '88 02 03e7'],
  ])('%s', (_name, bytes) => {
    expect(new Listener().read(hex(bytes))).toEqual([expect.stringMatching(/^broken 1002 /)]);
    expect(new Listener().read(hex(bytes), 1)).toEqual([expect.stringMatching(/^broken 1002 /)]);
  });

  test('nothing is heard after it', () => {
    expect(new Listener().read(hex('c2 00 82 01 01 88 00'))).toHaveLength(1);
  });
});

describe('what this channel does not take', () => {
  test('text is 1003', () => {
    expect(new Listener().read(hex('81 01 41'))).toEqual([expect.stringMatching(/^broken 1003 /)]);
  });

  test('a reason that is no UTF-8 is 1007', () => {
    expect(new Listener().read(hex('88 03 03e8 ff'))).toEqual([expect.stringMatching(/^broken 1007 /)]);
  });

  test('a message beyond the limit is 1009 before any of it is kept, in one frame and in many', () => {
    expect(new Listener().read(frameHeader({ opcode: OPCODE.BINARY, fin: true }, MESSAGE_MAX_BYTES + 1))).toEqual([
      expect.stringMatching(/^broken 1009 /),
    ]);
    const listener = new Listener();
    listener.read(frame(OPCODE.BINARY, new Uint8Array(MESSAGE_MAX_BYTES), false));
    expect(listener.read(hex('80 01'))).toEqual([expect.stringMatching(/^broken 1009 /)]);
  });
});

describe('places', () => {
  const message = Uint8Array.from({ length: 300_010 }, (_, i) => i % 251);
  const cut = (sizes: readonly number[]): Uint8Array[] => sizes.map((size) => new Uint8Array(size));
  const whole = (bytes: Uint8Array, sizes: readonly number[]): string => {
    let at = 2;
    const parts = sizes.map((size) => {
      at += size;
      return hexOf(bytes.subarray(at - size, at));
    });
    return `scattered ${hexOf(bytes.subarray(0, 2))} ${parts} ${hexOf(bytes.subarray(at))} -0`;
  };

  test('are filled alike however the message is cut into frames and reads', () => {
    const sizes = [10, 200_000, 0, 1, 99_990];
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 150_000 }), { maxLength: 6 }),
        fc.integer({ min: 1, max: 200_000 }),
        fc.boolean(),
        (cuts, step, pings) => {
          const frames: Uint8Array[] = [];
          let at = 0;
          for (const length of [...cuts, message.length]) {
            const payload = message.subarray(at, Math.min(message.length, at + length));
            at += payload.length;
            frames.push(
              frame(frames.length === 0 ? OPCODE.BINARY : OPCODE.CONTINUATION, payload, at === message.length),
            );
            if (at === message.length) break;
            if (pings) frames.push(hex('89 01 07'));
          }
          const heard = new Listener(cut(sizes)).read(new Uint8Array(Buffer.concat(frames)), Math.max(step, 64));
          expect(heard.filter((line) => line !== 'ping 07')).toEqual([whole(message, sizes)]);
          expect(heard.length - 1).toBe(pings ? frames.length >> 1 : 0);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('a long gap is read in place: the buffer that is given is the place itself', () => {
    const listener = new Listener(cut([300_000]));
    listener.read(frame(OPCODE.BINARY, message).subarray(0, 100));
    const room = listener.reader.buffer();
    expect(room.buffer).toBe((listener.places[0] as Uint8Array).buffer);
    expect(room.byteOffset).toBe(100 - 10 - 2);
  });

  test('short gaps are filled by copies from few reads', () => {
    const listener = new Listener(cut(Array.from({ length: 64 }, () => 4096)));
    listener.read(frame(OPCODE.BINARY, message).subarray(0, 100));
    expect(listener.reader.buffer().length).toBeGreaterThan(200_000);
  });
});

describe('a message that is forwarded', () => {
  /** An outlet with few buffers, which come back only when the test says so. */
  class SlowOutlet {
    readonly pieces: Uint8Array[] = [];
    readonly ends: boolean[] = [];
    free = 1;

    buffer(): Uint8Array | null {
      if (this.free === 0) return null;
      this.free--;
      return new Uint8Array(FORWARD_BUFFER_BYTES);
    }

    piece(buffer: Uint8Array, length: number, { last }: { readonly last: boolean }): void {
      this.pieces.push(buffer.slice(0, length));
      this.ends.push(last);
    }
  }

  test('waits for buffers and loses nothing, however it is read, and its pieces end with it', () => {
    const payload = Uint8Array.from({ length: MESSAGE_MAX_BYTES }, (_, i) => i % 253);
    fc.assert(
      fc.property(
        fc.constantFrom(1, FORWARD_BUFFER_BYTES, FORWARD_BUFFER_BYTES + 17, 2 * FORWARD_BUFFER_BYTES, payload.length),
        fc.integer({ min: 1_000, max: 400_000 }),
        fc.integer({ min: 1, max: 5 }),
        (length, step, fragments) => {
          const outlet = new SlowOutlet();
          const heard: string[] = [];
          const reader = new BulkFrameReader({
            begins: (beginning) => {
              if (beginning.length === 0) return null;
              return { kind: 'forward', to: null as never, ended: (bytes) => heard.push(`ended ${bytes}`) };
            },
            message: () => heard.push('message'),
            ping: () => undefined,
            pong: () => heard.push('pong'),
            closed: () => undefined,
            broken: (_code, reason) => heard.push(reason),
            outletOf: () => outlet,
          });
          const frames = Array.from({ length: fragments }, (_, i) => {
            const part = payload.subarray(
              Math.floor((i * length) / fragments),
              Math.floor(((i + 1) * length) / fragments),
            );
            return frame(i === 0 ? OPCODE.BINARY : OPCODE.CONTINUATION, part, i === fragments - 1);
          });
          const bytes = Buffer.concat([...frames, hex('8a 00')]);
          let room = reader.buffer();
          for (let at = 0; at < bytes.length; ) {
            if (reader.stalled) {
              // As a socket that was paused: it reads into the buffer that it was given before.
              outlet.free++;
              reader.proceed();
              continue;
            }
            expect(room.length).toBeGreaterThan(0);
            const count = Math.min(step, room.length, bytes.length - at);
            room.set(bytes.subarray(at, at + count));
            reader.took(count);
            at += count;
            room = reader.buffer();
          }
          while (reader.stalled) {
            outlet.free++;
            reader.proceed();
          }
          expect(Buffer.compare(Buffer.concat(outlet.pieces), payload.subarray(0, length))).toBe(0);
          expect(outlet.ends).toEqual(outlet.pieces.map((_, i) => i === outlet.pieces.length - 1));
          expect(heard).toEqual([`ended ${length}`, 'pong']);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('whatever bytes come', () => {
  const anyFrame = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc
      .record({
        opcode: fc.constantFrom(0, 1, 2, 8, 9, 10, 11),
        fin: fc.boolean(),
        payload: fc.uint8Array({ maxLength: 130 }),
      })
      .map(({ opcode, fin, payload }) => frame(opcode, payload, fin)),
    fc.uint8Array({ maxLength: 20 }).map((payload) => maskedFrame({ opcode: 2, fin: true }, payload)),
    fc
      .record({ code: fc.nat({ max: 5100 }), reason: fc.string({ maxLength: 10 }) })
      .map(({ code, reason }) => frame(8, closePayload(code, reason))),
  );

  test('the reader says the same for every way of cutting them, ends at most once, and throws nothing', () => {
    fc.assert(
      fc.property(
        fc.array(anyFrame, { maxLength: 12 }),
        fc.integer({ min: 1, max: 50 }),
        fc.boolean(),
        (frames, step, scatter) => {
          const bytes = new Uint8Array(Buffer.concat(frames));
          const places = (): Uint8Array[] => (scatter ? [new Uint8Array(5), new Uint8Array(30)] : []);
          const atOnce = new Listener(places()).read(bytes);
          expect(new Listener(places()).read(bytes, step)).toEqual(atOnce);
          const ends = atOnce.filter((line) => /^(closed|broken)/.test(line));
          expect(ends.length).toBeLessThanOrEqual(1);
          if (ends.length === 1) expect(atOnce.at(-1)).toBe(ends[0]);
        },
      ),
      { numRuns: Number(process.env.FUZZ_RUNS ?? 2000) },
    );
  });
});
