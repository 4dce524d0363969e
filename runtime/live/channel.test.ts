/** The keep-alive of a live channel, beat by beat: conformance/ shows it over real silence. */
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { CLOSE_CODE } from '@skewbed/proto/close-codes.ts';
import { KEEP_ALIVE_MISSES_MAX } from '@skewbed/proto/limits.ts';
import { describe, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { Ear } from '../conformance/harness.ts';
import { LiveChannel } from './channel.ts';

/** As much of a WebSocket as a channel touches, without a network. */
class Stub extends EventEmitter {
  readonly CONNECTING = 0;
  readonly OPEN = 1;
  readyState = 1;
  pings = 0;
  readonly carrier = { bytesRead: 0 };
  /** Calls that say that a message has left. */
  readonly sent: (() => void)[] = [];

  ping(): void {
    this.pings++;
  }

  send(_bytes: Uint8Array, _options: object, left: () => void): void {
    this.sent.push(left);
  }

  terminate(): void {
    this.readyState = 3;
    this.emit('close', 1006, Buffer.alloc(0));
  }
}

function bench() {
  const stub = new Stub();
  const channel = new LiveChannel(
    stub as unknown as WebSocket,
    stub.carrier as unknown as Socket,
    'test',
    () => undefined,
  );
  return { stub, channel, ear: new Ear(channel) };
}

describe('the keep-alive', () => {
  test('gives up at the beat after the last ping that may stay without an answer', () => {
    const { stub, channel, ear } = bench();
    for (let beat = 0; beat < KEEP_ALIVE_MISSES_MAX; beat++) channel.beat();
    expect(ear.closed).toBe(false);
    expect(stub.pings).toBe(KEEP_ALIVE_MISSES_MAX);
    channel.beat();
    expect(ear.closings).toEqual([{ code: CLOSE_CODE.BROKEN, reason: 'keep-alive: 3 pings without an answer' }]);
    channel.beat();
    expect(ear.closings.length).toBe(1);
  });

  test('takes any byte for a sign of life: an answer waits behind megabytes on a slow link', () => {
    const { stub, channel, ear } = bench();
    for (let beat = 0; beat < 50; beat++) {
      if (beat % KEEP_ALIVE_MISSES_MAX === 0) stub.carrier.bytesRead++;
      channel.beat();
    }
    expect(ear.closed).toBe(false);
  });

  test('takes bytes that leave for a sign of life: our own ping waits behind them', () => {
    const { stub, channel, ear } = bench();
    for (let beat = 0; beat < 50; beat++) {
      channel.send(Uint8Array.of(1));
      if (beat % KEEP_ALIVE_MISSES_MAX === 0) stub.sent.shift()?.();
      channel.beat();
    }
    expect(ear.closed).toBe(false);
    for (let beat = 0; beat <= KEEP_ALIVE_MISSES_MAX; beat++) channel.beat();
    expect(ear.code).toBe(CLOSE_CODE.BROKEN);
  });
});
