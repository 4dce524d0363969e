/** How long messages pass on every Network: sent in parts, scattered, forwarded. Each test is a promise of ports/bulk.ts. */
import { CLOSE_CODE } from '@skewbed/proto/close-codes.ts';
import { BULK_BEGINNING_MAX_BYTES, FORWARD_BUFFER_BYTES, MESSAGE_MAX_BYTES } from '@skewbed/proto/limits.ts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Course } from '../ports/bulk.ts';
import type { Channel, ChannelHandler } from '../ports/network.ts';
import { Ear, type Harness, type HarnessFactory } from './harness.ts';
import { TwoPlaces } from './two-places.ts';

const HEAD = 10;

/** Bytes that differ from offset to offset. */
function pattern(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = i * 31 + (i >> 8) * 7 + seed;
  return bytes;
}

const concat = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));

type Scattered = { head: Uint8Array; landed: number; tail: Uint8Array; missing: number };

/** Hears messages that are scattered into `places` behind the first HEAD bytes. */
class Scatterer implements ChannelHandler {
  readonly scattered: Scattered[] = [];
  readonly gathered: Uint8Array[] = [];
  readonly #places: readonly Uint8Array[];
  code: number | null = null;
  landed = 0;

  constructor(places: readonly Uint8Array[]) {
    this.#places = places;
  }

  begins(beginning: Uint8Array): Course | null {
    if (beginning.length < HEAD) return null;
    return {
      kind: 'scatter',
      at: HEAD,
      into: this.#places,
      landed: (bytes) => {
        this.landed += bytes.length;
      },
      ended: ({ head, tail, missing }) => {
        this.scattered.push({ head: head.slice(), landed: this.landed, tail: tail.slice(), missing });
        this.landed = 0;
      },
    };
  }

  message(bytes: Uint8Array): void {
    this.gathered.push(bytes.slice());
  }

  drained(): void {}

  closed(code: number): void {
    this.code = code;
  }
}

/** Declares the tests of one runtime's long messages. */
export function bulkSuite(factory: HarnessFactory): void {
  let places: TwoPlaces;
  let harness: Harness;

  beforeEach(async () => {
    places = await TwoPlaces.start(factory);
    ({ harness } = places);
  });
  afterEach(() => harness.close());

  describe('a message in parts', () => {
    test.each(['until-left', 'copied'] as const)('kept %s arrives as one, sealed over what left', async (keep) => {
      const { near, far, nearEar, farEar } = await places.open();
      const parts = [
        pattern(3),
        pattern(1_500_000, 2),
        pattern(0),
        pattern(4096, 3),
        pattern(4096, 4),
        pattern(70_000, 5),
      ];
      const sum = (pieces: readonly Uint8Array[]): number => pieces.reduce((all, piece) => all + piece.length, 0);
      let left = 0;
      const message = { parts, keep, seal: (pieces: readonly Uint8Array[]) => Uint8Array.of(sum(pieces) & 0xff, 77) };
      near.sendParts(message, () => left++);
      far.sendParts(message, () => left++);
      expect(left).toBe(0);
      await harness.until('both are there', () => nearEar.messages.length === 1 && farEar.messages.length === 1);
      await harness.until('both have left', () => left === 2);
      const whole = concat(...parts, Uint8Array.of(sum(parts) & 0xff, 77));
      expect(Buffer.compare(nearEar.messages[0] as Uint8Array, whole)).toBe(0);
      expect(Buffer.compare(farEar.messages[0] as Uint8Array, whole)).toBe(0);
    });

    test('that is copied may change at once', async () => {
      const { far, nearEar } = await places.open();
      const reused = new Uint8Array(1_000_000);
      for (let i = 1; i <= 5; i++) {
        reused.fill(i);
        far.sendParts({ parts: [reused], keep: 'copied' }, () => undefined);
      }
      reused.fill(99);
      await harness.until('all are there', () => nearEar.messages.length === 5);
      expect(nearEar.messages.map((message) => [message[0], message.at(-1)])).toEqual(
        [1, 2, 3, 4, 5].map((i) => [i, i]),
      );
    });

    test('keeps its place among other messages', async () => {
      const { far, nearEar } = await places.open();
      for (let i = 0; i < 10; i++) {
        far.send(Uint8Array.of(2 * i));
        far.sendParts({ parts: [Uint8Array.of(2 * i + 1), pattern(100_000)], keep: 'until-left' }, () => undefined);
      }
      await harness.until('all are there', () => nearEar.messages.length === 20);
      expect(nearEar.messages.map((message) => message[0])).toEqual(Array.from({ length: 20 }, (_, i) => i));
    });

    test('beyond the limit is refused, and one after the end is dropped; its parts come back all the same', async () => {
      const { far, farEar, nearEar } = await places.open();
      let left = 0;
      const half = new Uint8Array(MESSAGE_MAX_BYTES / 2 + 1);
      expect(() => far.sendParts({ parts: [half, half], keep: 'until-left' }, () => left++)).toThrow(
        expect.objectContaining({ code: 'limit-exceeded' }),
      );
      far.close(CLOSE_CODE.NORMAL, '');
      far.sendParts({ parts: [half], keep: 'until-left' }, () => left++);
      await harness.until('both ended', () => farEar.closed && nearEar.closed);
      await harness.until('the second came back', () => left >= 1);
      expect(nearEar.messages).toEqual([]);
    });
  });

  describe('a message that is scattered', () => {
    test('lands in its places, and head and tail are told at its end', async () => {
      const { near, far } = await places.open();
      const into = [new Uint8Array(4096), new Uint8Array(1_000_000), new Uint8Array(0), new Uint8Array(8192)];
      const handler = new Scatterer(into);
      near.handle(handler);
      const message = pattern(HEAD + 4096 + 1_000_000 + 8192 + 5);
      for (let i = 0; i < 3; i++) far.send(message);
      await harness.until('all are there', () => handler.scattered.length === 3);
      expect(Buffer.compare(concat(...into), message.subarray(HEAD, message.length - 5))).toBe(0);
      for (const { head, landed, tail, missing } of handler.scattered) {
        expect(head).toEqual(message.slice(0, HEAD));
        expect(tail).toEqual(message.slice(-5));
        expect([landed, missing]).toEqual([1_012_288, 0]);
      }
    });

    test('and is too short for its places says by how much', async () => {
      const { near, far } = await places.open();
      const handler = new Scatterer([new Uint8Array(100), new Uint8Array(200)]);
      near.handle(handler);
      far.send(pattern(HEAD + 150));
      await harness.until('it is there', () => handler.scattered.length === 1);
      expect(handler.scattered[0]).toMatchObject({ landed: 150, missing: 150, tail: new Uint8Array(0) });
    });

    test('is not put into its places any longer once the channel was closed', async () => {
      const { near, far, farEar } = await places.open();
      const place = new Uint8Array(4_000_000);
      const codes: number[] = [];
      let asAtClose: Uint8Array | null = null;
      near.handle({
        begins: (beginning) => {
          if (beginning.length < HEAD) return null;
          const landed = (): void => {
            asAtClose ??= place.slice();
            near.close(CLOSE_CODE.NORMAL, 'enough');
          };
          return { kind: 'scatter', at: HEAD, into: [place], landed, ended: () => undefined };
        },
        message: () => undefined,
        drained: () => undefined,
        closed: (code) => codes.push(code),
      });
      far.send(pattern(HEAD + place.length));
      await harness.until('both know', () => codes.length === 1 && farEar.closed);
      expect([codes, farEar.code]).toEqual([[CLOSE_CODE.NORMAL], CLOSE_CODE.NORMAL]);
      expect(Buffer.compare(place, asAtClose as unknown as Uint8Array)).toBe(0);
    });

    test('is gathered when it ends before anybody knows where it goes', async () => {
      const { near, far } = await places.open();
      const handler = new Scatterer([new Uint8Array(100)]);
      near.handle(handler);
      far.send(pattern(HEAD - 1));
      far.send(pattern(0));
      await harness.until('they are there', () => handler.gathered.length === 2);
      expect(handler.gathered).toEqual([pattern(HEAD - 1), pattern(0)]);
    });

    test('may have a beginning of many bytes, but not of more than the bound', async () => {
      const { near, far } = await places.open();
      const gathered: number[] = [];
      let asked = 0;
      near.handle({
        begins(beginning) {
          asked = Math.max(asked, beginning.length);
          return null;
        },
        message: (bytes) => gathered.push(bytes.length),
        drained: () => undefined,
        closed: () => undefined,
      });
      far.send(pattern(3 * BULK_BEGINNING_MAX_BYTES));
      await harness.until('it is there', () => gathered.length === 1);
      expect(gathered).toEqual([3 * BULK_BEGINNING_MAX_BYTES]);
      expect(asked).toBeGreaterThanOrEqual(BULK_BEGINNING_MAX_BYTES);
    });
  });

  describe('a message that is forwarded', () => {
    /** a's end of a channel that b has accepted; b forwards what comes from a second one, which it dialled. */
    async function relay(): Promise<{ origin: Channel; ear: Ear; way: Channel; counts: number[]; ends: number[] }> {
      const { near, far } = await places.open('/v1/streams/onward');
      const ear = new Ear(near);
      const ends: number[] = [];
      const counts: number[] = [];
      let origin: Channel | null = null;
      const c = await harness.start('c');
      c.network.accept((_path, _query, channel) => {
        origin = channel;
      });
      const way = places.b.network.dialStream(c.url, '/v1/streams/origin');
      way.handle({
        begins: () => ({ kind: 'forward', to: far, ended: (bytes) => counts.push(bytes) }),
        message: () => undefined,
        drained: () => undefined,
        closed: (code) => ends.push(code),
      });
      await harness.until('c has accepted', () => origin !== null);
      return { origin: origin as unknown as Channel, ear, way: far, counts, ends };
    }

    test('arrives whole, whatever its length, with others between', async () => {
      const { origin, ear, way, counts } = await relay();
      const many = Array.from({ length: 8 }, () => MESSAGE_MAX_BYTES);
      const lengths = [1, 100_000, FORWARD_BUFFER_BYTES, FORWARD_BUFFER_BYTES + 1, ...many, 7];
      for (const length of lengths) origin.send(pattern(length, length));
      await harness.until('the first is there', () => ear.messages.length >= 1);
      way.send(Uint8Array.of(1, 2, 3));
      await harness.until('all are there', () => ear.messages.length === lengths.length + 1);
      const forwarded = ear.messages.filter((message) => message.length !== 3);
      expect(forwarded.map((message) => message.length)).toEqual(lengths);
      for (const message of forwarded) {
        expect(Buffer.compare(message, pattern(message.length, message.length))).toBe(0);
      }
      expect(counts).toEqual(lengths);
    });

    test('and whose way is closed is dropped, and its source reads on', async () => {
      const { origin, ear, way, counts } = await relay();
      way.close(CLOSE_CODE.NORMAL, 'enough');
      await harness.until('a knows', () => ear.closed);
      for (let i = 0; i < 8; i++) origin.send(pattern(MESSAGE_MAX_BYTES));
      await harness.until('all were taken', () => counts.length === 8);
      expect(ear.messages).toEqual([]);
    });
  });
}
