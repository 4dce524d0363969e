/** How messages travel on every Network. Each test is a promise of runtime/ports/network.ts. */

import { CLOSE_CODE } from '@skewbed/proto/close-codes.ts';
import { MESSAGE_MAX_BYTES } from '@skewbed/proto/limits.ts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Channel } from '../ports/network.ts';
import { Ear, type Harness, type HarnessFactory, type Place } from './harness.ts';
import { TwoPlaces } from './two-places.ts';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

/** Declares the tests of one runtime's messages. */
export function messageSuite(factory: HarnessFactory): void {
  let places: TwoPlaces;
  let harness: Harness;
  let a: Place;
  let b: Place;

  beforeEach(async () => {
    places = await TwoPlaces.start(factory);
    ({ harness, a, b } = places);
  });
  afterEach(() => harness.close());

  describe('messages', () => {
    test('arrive whole and in order, both ways', async () => {
      const { near, nearEar, far, farEar } = await places.open();
      for (let i = 0; i < 200; i++) {
        near.send(new Uint8Array(i * 37).fill(i));
        far.send(bytes(i, 255 - i));
      }
      await harness.until('all are there', () => farEar.messages.length === 200 && nearEar.messages.length === 200);
      expect(farEar.messages.map((message) => message.length)).toEqual(Array.from({ length: 200 }, (_, i) => i * 37));
      expect(farEar.messages.every((message, i) => message.every((byte) => byte === i))).toBe(true);
      expect(nearEar.messages.map((message) => [...message])).toEqual(
        Array.from({ length: 200 }, (_, i) => [i, 255 - i]),
      );
    });

    test('may be empty, and as long as the limit', async () => {
      const { near, far, farEar, nearEar } = await places.open();
      const long = new Uint8Array(MESSAGE_MAX_BYTES);
      long[0] = 1;
      long[long.length - 1] = 2;
      near.send(bytes());
      near.send(long);
      far.send(long);
      await harness.until('all are there', () => farEar.messages.length === 2 && nearEar.messages.length === 1);
      expect(farEar.messages[0]).toEqual(bytes());
      for (const message of [farEar.messages[1]!, nearEar.messages[0]!]) {
        expect([message.length, message[0], message.at(-1)]).toEqual([MESSAGE_MAX_BYTES, 1, 2]);
      }
    });

    test('beyond the limit are refused before they are sent, and the channel lives on', async () => {
      const { near, farEar } = await places.open();
      expect(() => near.send(new Uint8Array(MESSAGE_MAX_BYTES + 1))).toThrow(
        expect.objectContaining({ code: 'limit-exceeded' }),
      );
      near.send(bytes(5));
      await harness.until('the next one is there', () => farEar.messages.length === 1);
      expect(farEar.messages[0]).toEqual(bytes(5));
    });

    test('are copied: the sender may use its bytes again at once', async () => {
      const { near, far, nearEar, farEar } = await places.open();
      // Long enough that a socket cannot take them all at once.
      const reused = new Uint8Array(MESSAGE_MAX_BYTES);
      for (const [channel, ear] of [
        [near, farEar],
        [far, nearEar],
      ] as const) {
        for (let i = 1; i <= 6; i++) {
          reused.fill(i);
          channel.send(reused);
        }
        reused.fill(99);
        await harness.until('all are there', () => ear.messages.length === 6);
        expect(ear.messages.map((message) => [message[0], message.at(-1)])).toEqual(
          Array.from({ length: 6 }, (_, i) => [i + 1, i + 1]),
        );
      }
    });

    test('are plain Uint8Arrays, so that slice() copies', async () => {
      const { near, far, nearEar, farEar } = await places.open();
      const seen: unknown[] = [];
      farEar.onMessage = nearEar.onMessage = (view) => seen.push(Object.getPrototypeOf(view) === Uint8Array.prototype);
      near.send(Buffer.from('x'));
      far.send(Buffer.from('x'));
      await harness.until('both are there', () => seen.length === 2);
      expect(seen).toEqual([true, true]);
    });

    test('may be a window of a larger buffer', async () => {
      const { near, farEar } = await places.open();
      near.send(bytes(1, 2, 3, 4, 5).subarray(1, 4));
      await harness.until('it is there', () => farEar.messages.length === 1);
      expect(farEar.messages[0]).toEqual(bytes(2, 3, 4));
    });

    test('sent before the channel is open wait for it', async () => {
      const near = a.network.dial(b.url, '/v1/control');
      near.send(bytes(1));
      near.send(bytes(2));
      expect(near.queuedBytes).toBe(2);
      await harness.until('both are there', () => places.accepted[0]?.ear.messages.length === 2);
      expect(places.accepted[0]?.ear.messages).toEqual([bytes(1), bytes(2)]);
    });

    test('that came before anybody listened are told in order when somebody does', async () => {
      let late: Channel | null = null;
      b.network.accept((_path, _query, channel) => {
        late = channel;
        channel.send(bytes(0));
      });
      const near = a.network.dial(b.url, '/v1/control');
      const ear = new Ear(near);
      near.send(bytes(1));
      near.send(bytes(2));
      near.close(CLOSE_CODE.NORMAL, '');
      const second = a.network.dial(b.url, '/v1/control');
      const secondEar = new Ear(second);
      second.send(bytes(3));
      second.send(bytes(4));
      await harness.until('b has said hello on the second', () => secondEar.messages.length === 1);
      await harness.until('the first is closed', () => ear.closed);
      const farEar = new Ear(late as unknown as Channel);
      await harness.until('the held ones are told', () => farEar.messages.length === 2);
      expect(farEar.messages).toEqual([bytes(3), bytes(4)]);
    });

    test('go to the handler that was set last', async () => {
      const { near, far, farEar } = await places.open();
      near.send(bytes(1));
      await harness.until('the first is there', () => farEar.messages.length === 1);
      const second = new Ear(far);
      near.send(bytes(2));
      await harness.until('the second is there', () => second.messages.length === 1);
      expect([farEar.messages, second.messages]).toEqual([[bytes(1)], [bytes(2)]]);
    });
  });

  describe('backpressure', () => {
    test('queuedBytes counts what has not left, and drained comes when it is zero', async () => {
      const { near, nearEar } = await places.open();
      const before = nearEar.drained;
      near.send(new Uint8Array(1000));
      near.send(new Uint8Array(500));
      expect(near.queuedBytes).toBe(1500);
      await harness.until('it has drained', () => nearEar.drained > before);
      expect(near.queuedBytes).toBe(0);
    });

    test('drained is told again after the next message', async () => {
      const { far, farEar } = await places.open();
      for (let i = 1; i <= 3; i++) {
        const before = farEar.drained;
        far.send(new Uint8Array(100_000));
        await harness.until('it has drained', () => farEar.drained > before);
        expect(far.queuedBytes).toBe(0);
      }
    });
  });
}
