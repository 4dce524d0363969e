/** How channels begin and end on every Network. Each test is a promise of runtime/ports/network.ts. */
import { CLOSE_CODE } from '@skewbed/proto/close-codes.ts';
import { CHANNEL_PATH_MAX_CHARS, CLOSE_REASON_MAX_BYTES } from '@skewbed/proto/limits.ts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Ear, type Harness, type HarnessFactory, type Place } from './harness.ts';
import { TwoPlaces } from './two-places.ts';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

/** Declares the tests of one runtime's connections. */
export function connectionSuite(factory: HarnessFactory): void {
  let places: TwoPlaces;
  let harness: Harness;
  let a: Place;
  let b: Place;

  beforeEach(async () => {
    places = await TwoPlaces.start(factory);
    ({ harness, a, b } = places);
  });
  afterEach(() => harness.close());

  describe('the end of a channel', () => {
    test.each([CLOSE_CODE.NORMAL, CLOSE_CODE.GOING_AWAY, CLOSE_CODE.NOT_FOUND, 4999])(
      'code %i and its reason are told on both sides, once',
      async (code) => {
        const { near, nearEar, farEar } = await places.open();
        near.close(code, 'enough, genug, assez');
        near.close(CLOSE_CODE.NORMAL, 'a second close counts for nothing');
        await harness.until('both know', () => nearEar.closed && farEar.closed);
        expect(farEar.closings).toEqual([{ code, reason: 'enough, genug, assez' }]);
        expect(nearEar.closings).toEqual([{ code, reason: 'enough, genug, assez' }]);
      },
    );

    test('comes behind everything that was sent before', async () => {
      const { far, nearEar } = await places.open();
      for (let i = 0; i < 20; i++) far.send(new Uint8Array(100_000).fill(i));
      far.close(CLOSE_CODE.NORMAL, 'done');
      await harness.until('a knows', () => nearEar.closed);
      expect(nearEar.messages.map((message) => message[0])).toEqual(Array.from({ length: 20 }, (_, i) => i));
      expect(nearEar.code).toBe(CLOSE_CODE.NORMAL);
    });

    test('after our own close nothing comes any more but closed()', async () => {
      const { near, far, nearEar } = await places.open();
      near.close(CLOSE_CODE.NORMAL, '');
      far.send(bytes(1));
      near.send(bytes(2));
      await harness.until('a knows', () => nearEar.closed);
      expect(nearEar.messages).toEqual([]);
    });

    test('a reason that is too long is cut at a whole character', async () => {
      const { near, farEar } = await places.open();
      near.close(CLOSE_CODE.NORMAL, 'é'.repeat(100));
      await harness.until('b knows', () => farEar.closed);
      expect(farEar.closings[0]?.reason).toBe('é'.repeat(Math.floor(CLOSE_REASON_MAX_BYTES / 2)));
    });

    test.each([1004, 1005, 1006, 1015, 999, 2000, 5000, 1000.5])('code %d cannot be sent', async (code) => {
      const { near } = await places.open();
      expect(() => near.close(code, '')).toThrow(expect.objectContaining({ code: 'bad-argument' }));
    });

    test('a broken link is 1006 on both sides', async () => {
      const { near, nearEar, farEar } = await places.open();
      harness.cut(a, b);
      await harness.until('both know', () => nearEar.closed && farEar.closed);
      expect([nearEar.code, farEar.code]).toEqual([CLOSE_CODE.BROKEN, CLOSE_CODE.BROKEN]);
      near.send(bytes(1));
      expect(near.queuedBytes).toBe(0);
    });

    test('a peer that falls silent is noticed by the keep-alive, on both sides', async () => {
      const { nearEar, farEar } = await places.open();
      harness.silence(a, b);
      await harness.until('both know', () => nearEar.closed && farEar.closed);
      expect([nearEar.code, farEar.code]).toEqual([CLOSE_CODE.BROKEN, CLOSE_CODE.BROKEN]);
      expect(nearEar.closings[0]?.reason).toMatch(/^keep-alive: /);
    });

    test('a peer that crashed is 1006', async () => {
      const { nearEar } = await places.open();
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
      await places.open('/v1/streams/m-1?side=target&empty=&name=a%20b');
      expect(places.accepted[0]?.path).toBe('/v1/streams/m-1');
      expect([...places.accepted[0]!.query]).toEqual([
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
      await harness.until('b has accepted', () => places.accepted.length === 1);
      places.accepted[0]!.channel.send(bytes(8));
      await harness.until('it is there', () => ear.messages.length === 1);
      expect(ear.messages).toEqual([bytes(8)]);
    });
  });
}
