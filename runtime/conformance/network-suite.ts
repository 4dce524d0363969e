/** What every Network does. Each test is a promise of runtime/ports/network.ts. */

import { CLOSE_CODE } from '@skewbed/proto/close-codes.ts';
import { CHANNEL_PATH_MAX_CHARS, CLOSE_REASON_MAX_BYTES, MESSAGE_MAX_BYTES } from '@skewbed/proto/limits.ts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Channel } from '../ports/network.ts';
import { Ear, type Harness, type HarnessFactory, type Place } from './harness.ts';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

/** Declares the tests of one runtime's network. */
export function networkSuite(factory: HarnessFactory): void {
  let harness: Harness;
  let a: Place;
  let b: Place;
  /** What b accepted, in order. */
  let accepted: { path: string; query: ReadonlyMap<string, string>; channel: Channel; ear: Ear }[];

  beforeEach(async () => {
    harness = factory();
    a = await harness.start('a');
    b = await harness.start('b');
    accepted = [];
    b.network.accept((path, query, channel) => accepted.push({ path, query, channel, ear: new Ear(channel) }));
  });
  afterEach(() => harness.close());

  /** A channel from a to b that b has accepted. */
  async function open(path = '/v1/control') {
    const near = a.network.dial(b.url, path);
    const nearEar = new Ear(near);
    const count = accepted.length;
    await harness.until('b has accepted', () => accepted.length > count);
    const far = accepted[count]!;
    // A message each way, so that both sides know that the channel is open.
    far.channel.send(bytes(0));
    await harness.until('a has heard b', () => nearEar.messages.length === 1);
    nearEar.messages.length = 0;
    return { near, nearEar, far: far.channel, farEar: far.ear };
  }

  describe('messages', () => {
    test('arrive whole and in order, both ways', async () => {
      const { near, nearEar, far, farEar } = await open();
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
      const { near, far, farEar, nearEar } = await open();
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
      const { near, farEar } = await open();
      expect(() => near.send(new Uint8Array(MESSAGE_MAX_BYTES + 1))).toThrow(
        expect.objectContaining({ code: 'limit-exceeded' }),
      );
      near.send(bytes(5));
      await harness.until('the next one is there', () => farEar.messages.length === 1);
      expect(farEar.messages[0]).toEqual(bytes(5));
    });

    test('are copied: the sender may use its bytes again at once', async () => {
      const { near, far, nearEar, farEar } = await open();
      const reused = new Uint8Array(300_000);
      for (const [channel, ear] of [
        [near, farEar],
        [far, nearEar],
      ] as const) {
        for (let i = 1; i <= 3; i++) {
          reused.fill(i);
          channel.send(reused);
        }
        reused.fill(99);
        await harness.until('all are there', () => ear.messages.length === 3);
        expect(ear.messages.map((message) => [message[0], message.at(-1)])).toEqual([
          [1, 1],
          [2, 2],
          [3, 3],
        ]);
      }
    });

    test('are plain Uint8Arrays, so that slice() copies', async () => {
      const { near, far, nearEar, farEar } = await open();
      const seen: unknown[] = [];
      farEar.onMessage = nearEar.onMessage = (view) => seen.push(Object.getPrototypeOf(view) === Uint8Array.prototype);
      near.send(Buffer.from('x'));
      far.send(Buffer.from('x'));
      await harness.until('both are there', () => seen.length === 2);
      expect(seen).toEqual([true, true]);
    });

    test('may be a window of a larger buffer', async () => {
      const { near, farEar } = await open();
      near.send(bytes(1, 2, 3, 4, 5).subarray(1, 4));
      await harness.until('it is there', () => farEar.messages.length === 1);
      expect(farEar.messages[0]).toEqual(bytes(2, 3, 4));
    });

    test('sent before the channel is open wait for it', async () => {
      const near = a.network.dial(b.url, '/v1/control');
      near.send(bytes(1));
      near.send(bytes(2));
      expect(near.queuedBytes).toBe(2);
      await harness.until('both are there', () => accepted[0]?.ear.messages.length === 2);
      expect(accepted[0]?.ear.messages).toEqual([bytes(1), bytes(2)]);
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
      const { near, far, farEar } = await open();
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
      const { near, nearEar } = await open();
      const before = nearEar.drained;
      near.send(new Uint8Array(1000));
      near.send(new Uint8Array(500));
      expect(near.queuedBytes).toBe(1500);
      await harness.until('it has drained', () => nearEar.drained > before);
      expect(near.queuedBytes).toBe(0);
    });

    test('drained is told again after the next message', async () => {
      const { far, farEar } = await open();
      for (let i = 1; i <= 3; i++) {
        const before = farEar.drained;
        far.send(new Uint8Array(100_000));
        await harness.until('it has drained', () => farEar.drained > before);
        expect(far.queuedBytes).toBe(0);
      }
    });
  });

  describe('the end of a channel', () => {
    test.each([CLOSE_CODE.NORMAL, CLOSE_CODE.GOING_AWAY, CLOSE_CODE.NOT_FOUND, 4999])(
      'code %i and its reason are told on both sides, once',
      async (code) => {
        const { near, nearEar, farEar } = await open();
        near.close(code, 'enough, genug, assez');
        near.close(CLOSE_CODE.NORMAL, 'a second close counts for nothing');
        await harness.until('both know', () => nearEar.closed && farEar.closed);
        expect(farEar.closings).toEqual([{ code, reason: 'enough, genug, assez' }]);
        expect(nearEar.closings).toEqual([{ code, reason: 'enough, genug, assez' }]);
      },
    );

    test('comes behind everything that was sent before', async () => {
      const { far, nearEar } = await open();
      for (let i = 0; i < 20; i++) far.send(new Uint8Array(100_000).fill(i));
      far.close(CLOSE_CODE.NORMAL, 'done');
      await harness.until('a knows', () => nearEar.closed);
      expect(nearEar.messages.map((message) => message[0])).toEqual(Array.from({ length: 20 }, (_, i) => i));
      expect(nearEar.code).toBe(CLOSE_CODE.NORMAL);
    });

    test('after our own close nothing comes any more but closed()', async () => {
      const { near, far, nearEar } = await open();
      near.close(CLOSE_CODE.NORMAL, '');
      far.send(bytes(1));
      near.send(bytes(2));
      await harness.until('a knows', () => nearEar.closed);
      expect(nearEar.messages).toEqual([]);
    });

    test('a reason that is too long is cut at a whole character', async () => {
      const { near, farEar } = await open();
      near.close(CLOSE_CODE.NORMAL, 'é'.repeat(100));
      await harness.until('b knows', () => farEar.closed);
      expect(farEar.closings[0]?.reason).toBe('é'.repeat(Math.floor(CLOSE_REASON_MAX_BYTES / 2)));
    });

    test.each([1004, 1005, 1006, 1015, 999, 2000, 5000, 1000.5])('code %d cannot be sent', async (code) => {
      const { near } = await open();
      expect(() => near.close(code, '')).toThrow(expect.objectContaining({ code: 'bad-argument' }));
    });

    test('a broken link is 1006 on both sides', async () => {
      const { near, nearEar, farEar } = await open();
      harness.cut(a, b);
      await harness.until('both know', () => nearEar.closed && farEar.closed);
      expect([nearEar.code, farEar.code]).toEqual([CLOSE_CODE.BROKEN, CLOSE_CODE.BROKEN]);
      near.send(bytes(1));
      expect(near.queuedBytes).toBe(0);
    });

    test('a peer that falls silent is noticed by the keep-alive, on both sides', async () => {
      const { nearEar, farEar } = await open();
      harness.silence(a, b);
      await harness.until('both know', () => nearEar.closed && farEar.closed);
      expect([nearEar.code, farEar.code]).toEqual([CLOSE_CODE.BROKEN, CLOSE_CODE.BROKEN]);
      expect(nearEar.closings[0]?.reason).toMatch(/^keep-alive: /);
    });

    test('a peer that crashed is 1006', async () => {
      const { nearEar } = await open();
      await harness.crash(b);
      await harness.until('a knows', () => nearEar.closed);
      expect(nearEar.code).toBe(CLOSE_CODE.BROKEN);
    });

    test('refusing by closing at once is told to who dialled', async () => {
      b.network.accept((_path, _query, channel) => channel.close(CLOSE_CODE.NOT_FOUND, 'no such stream'));
      const ear = new Ear(a.network.dial(b.url, '/v1/streams/unknown'));
      await harness.until('a knows', () => ear.closed);
      expect(ear.closings).toEqual([{ code: CLOSE_CODE.NOT_FOUND, reason: 'no such stream' }]);
    });
  });

  describe('dialling', () => {
    test('carries path and query', async () => {
      await open('/v1/streams/m-1?side=target&empty=&name=a%20b');
      expect(accepted[0]?.path).toBe('/v1/streams/m-1');
      expect([...accepted[0]!.query]).toEqual([
        ['side', 'target'],
        ['empty', ''],
        ['name', 'a b'],
      ]);
    });

    test('nobody is told as closed(1006), never within the call', async () => {
      await harness.crash(b);
      const near = a.network.dial(b.url, '/v1/control');
      near.send(bytes(1));
      const ear = new Ear(near);
      expect(ear.closed).toBe(false);
      await harness.until('a knows', () => ear.closed);
      expect(ear.code).toBe(CLOSE_CODE.BROKEN);
    });

    test('something that is no address is told the same way', async () => {
      const ears = ['', 'nonsense', 'http://127.0.0.1/', 'ws://user:pass@127.0.0.1/'].map(
        (url) => new Ear(a.network.dial(url, '/v1/control')),
      );
      await harness.until('a knows', () => ears.every((ear) => ear.closed));
      expect(ears.map((ear) => ear.code)).toEqual(ears.map(() => CLOSE_CODE.BROKEN));
    });

    test('a service that takes no channels yet is 4503', async () => {
      const c = await harness.start('c');
      const ear = new Ear(a.network.dial(c.url, '/v1/control'));
      await harness.until('a knows', () => ear.closed);
      expect(ear.code).toBe(CLOSE_CODE.UNAVAILABLE);
    });

    test.each(['no-slash', '/with space', '/line\nbreak', `/${'x'.repeat(CHANNEL_PATH_MAX_CHARS)}`])(
      'path %j is refused before anything is sent',
      (path) => {
        expect(() => a.network.dial(b.url, path)).toThrow(/channel path/);
      },
    );

    test('can be given up before it is done: our own code comes back', async () => {
      const near = a.network.dial(b.url, '/v1/control');
      const ear = new Ear(near);
      near.close(CLOSE_CODE.GOING_AWAY, 'changed my mind');
      await harness.until('a knows', () => ear.closed);
      expect(ear.closings).toEqual([{ code: CLOSE_CODE.GOING_AWAY, reason: 'changed my mind' }]);
    });

    test('oneself works', async () => {
      const ear = new Ear(b.network.dial(b.url, '/self'));
      await harness.until('b has accepted', () => accepted.length === 1);
      accepted[0]!.channel.send(bytes(8));
      await harness.until('it is there', () => ear.messages.length === 1);
      expect(ear.messages).toEqual([bytes(8)]);
    });
  });
}
