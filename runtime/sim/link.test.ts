import { CLOSE_CODE } from '@skewbed/proto/close-codes.ts';
import { CHANNEL_QUEUE_MAX_BYTES, CLOSE_TIMEOUT_NS, MESSAGE_MAX_BYTES } from '@skewbed/proto/limits.ts';
import { trueNs } from '@skewbed/proto/units.ts';
import { describe, expect, test } from 'vitest';
import { listen, pair } from './pair.ts';
import { Simulation } from './simulation.ts';

const MS = 1_000_000n;
const S = 1_000_000_000n;
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

describe('a link', () => {
  test('delays by its latency, and the handshake takes one round trip', () => {
    const simulation = new Simulation({ seed: 1, link: { latencyNs: 10n * MS } });
    const { dialled, heardByB } = pair(simulation);
    expect(simulation.now).toBe(20n * MS);
    dialled.send(bytes(7));
    simulation.run();
    expect(heardByB).toEqual(['30000000 message 7']);
  });

  test('lets bytes out at its bandwidth, for all channels of a direction together', () => {
    const simulation = new Simulation({ seed: 1, link: { latencyNs: 0n, bytesPerSecond: 1000n } });
    const { dialled, heardByA, heardByB } = pair(simulation);
    dialled.send(new Uint8Array(500));
    dialled.send(new Uint8Array(250));
    expect(dialled.queuedBytes).toBe(750);
    simulation.run({ until: trueNs(600n * MS) });
    expect(dialled.queuedBytes).toBe(250);
    simulation.run();
    expect(heardByB.map((line) => line.split(' ')[0])).toEqual(['500000000', '750000000']);
    expect(heardByA).toEqual(['750000000 drained']);
  });

  test('with jitter keeps the order, and the seed alone decides the instants', () => {
    const instants = (seed: number): string[] => {
      const simulation = new Simulation({ seed, link: { jitterNs: 5n * MS } });
      const { dialled, heardByB } = pair(simulation);
      for (let i = 0; i < 50; i++) {
        const n = i;
        simulation.process(`unrelated ${i}`);
        simulation.schedule(simulation.now + BigInt(i) * MS, () => dialled.send(bytes(n)));
      }
      simulation.run();
      return heardByB;
    };
    expect(instants(1)).toEqual(instants(1));
    expect(instants(1)).not.toEqual(instants(2));
    expect(instants(3).map((line) => Number(line.split(' ')[2]))).toEqual(Array.from({ length: 50 }, (_, i) => i));
  });

  test('cut breaks both ends with 1006, loses what was on the way, and refuses until it is healed', () => {
    const simulation = new Simulation({ seed: 1 });
    const { a, b, dialled, heardByA, heardByB } = pair(simulation);
    dialled.send(bytes(1));
    simulation.link('a', 'b').cut();
    simulation.run();
    expect(heardByA.at(-1)).toContain('closed 1006 the link was cut');
    expect(heardByB.map((line) => line.replace(/^\d+ /, ''))).toEqual(['closed 1006 the link was cut']);
    const second = listen(simulation, a.network.dial(b.url, '/'));
    simulation.run();
    expect(second[0]).toContain('closed 1006 dial sim://b: connection refused');
    simulation.link('a', 'b').heal();
    const third = a.network.dial(b.url, '/');
    const heard = listen(simulation, third);
    third.send(bytes(3));
    simulation.run();
    expect(heard[0]).toContain('drained');
  });

  test('refusing lets open channels go on', () => {
    const simulation = new Simulation({ seed: 1 });
    const { a, b, dialled, heardByB } = pair(simulation);
    simulation.link('a', 'b').refuse();
    dialled.send(bytes(1));
    const second = listen(simulation, a.network.dial(b.url, '/'));
    simulation.run();
    expect(heardByB[0]).toContain('message 1');
    expect(second[0]).toContain('closed 1006');
  });

  test('silent holds back what comes in it, and brings it in order when it heals', () => {
    const simulation = new Simulation({ seed: 1, link: { latencyNs: 10n * MS } });
    const { dialled, heardByB } = pair(simulation);
    const link = simulation.link('a', 'b');
    const start = simulation.now;
    const at = (ms: bigint, what: () => void) => simulation.schedule(start + ms * MS, what);
    at(0n, () => link.silence());
    at(1n, () => dialled.send(bytes(1)));
    at(15n, () => dialled.send(bytes(2)));
    at(20n, () => link.heal());
    at(21n, () => dialled.send(bytes(3)));
    simulation.run();
    expect(heardByB.map((line) => line.replace(/^\d+ /, ''))).toEqual(['message 1', 'message 2', 'message 3']);
    expect(heardByB[0]).toBe(`${start + 25n * MS} message 1`);
  });

  test('silent for longer than the keep-alive breaks both ends', () => {
    const simulation = new Simulation({ seed: 1 });
    const { a, b, heardByA, heardByB } = pair(simulation);
    const start = simulation.now;
    simulation.link('a', 'b').silence();
    const dial = listen(simulation, a.network.dial(b.url, '/'));
    simulation.run();
    expect(heardByA).toEqual([`${start + 15n * S} closed 1006 keep-alive: nothing heard for 15 s`]);
    expect(heardByB).toEqual(heardByA);
    expect(dial).toEqual([`${start + 10n * S} closed 1006 dial sim://b: the handshake timed out`]);
  });

  test('that becomes faster does not let a later message overtake', () => {
    const simulation = new Simulation({ seed: 1, link: { latencyNs: 10n * MS } });
    const { dialled, heardByB } = pair(simulation);
    const start = simulation.now;
    dialled.send(bytes(1));
    simulation.link('a', 'b').shape.latencyNs = 1n * MS;
    dialled.send(bytes(2));
    simulation.run();
    expect(heardByB).toEqual([`${start + 10n * MS} message 1`, `${start + 10n * MS} message 2`]);
  });

  test('that is too slow for what is sent ends the channel with 4429, as a peer that does not read', () => {
    const simulation = new Simulation({ seed: 1, link: { bytesPerSecond: 1_000_000n } });
    const { dialled, heardByA, heardByB } = pair(simulation);
    const message = new Uint8Array(MESSAGE_MAX_BYTES);
    const fitting = CHANNEL_QUEUE_MAX_BYTES / MESSAGE_MAX_BYTES;
    for (let i = 0; i < fitting; i++) dialled.send(message);
    expect(dialled.queuedBytes).toBe(CHANNEL_QUEUE_MAX_BYTES);
    dialled.send(bytes(1));
    simulation.run();
    expect(heardByA.map((line) => line.split(' ').slice(1, 3))).toEqual([['closed', '4429']]);
    expect(heardByB.map((line) => line.split(' ').slice(1, 3))).toEqual([['closed', '1006']]);
  });

  test('silent when we close: 1006 after the time that a peer has for its answer', () => {
    const simulation = new Simulation({ seed: 1 });
    const { dialled, heardByA, heardByB } = pair(simulation);
    const start = simulation.now;
    simulation.link('a', 'b').silence();
    dialled.close(CLOSE_CODE.NORMAL, 'goodbye');
    simulation.run({ until: trueNs(start + CLOSE_TIMEOUT_NS) });
    expect(heardByA).toEqual([
      `${start + CLOSE_TIMEOUT_NS} closed 1006 a -> b/v1/control: the peer did not answer the close`,
    ]);
    simulation.link('a', 'b').heal();
    simulation.run();
    expect(heardByB.map((line) => line.replace(/^\d+ /, ''))).toEqual(['closed 1000 goodbye']);
  });
});
