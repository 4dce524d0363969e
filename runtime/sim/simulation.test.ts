import { CLOSE_CODE } from '@skewbed/proto/close-codes.ts';
import { trueNs } from '@skewbed/proto/units.ts';
import { describe, expect, test } from 'vitest';
import type { Channel } from '../ports/network.ts';
import { Simulation } from './simulation.ts';

const MS = 1_000_000n;
const S = 1_000_000_000n;
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

/** What one end has heard, each with its instant. */
function listen(simulation: Simulation, channel: Channel): string[] {
  const heard: string[] = [];
  channel.handle({
    message: (message) => heard.push(`${simulation.now} message ${[...message].join(',')}`),
    drained: () => heard.push(`${simulation.now} drained`),
    closed: (code, reason) => heard.push(`${simulation.now} closed ${code} ${reason}`),
  });
  return heard;
}

/** Two processes with one channel from a to b, open. */
function pair(simulation: Simulation) {
  const a = simulation.process('a');
  const b = simulation.process('b');
  let accepted: Channel | null = null;
  let heardByB: string[] = [];
  b.network.accept((_path, _query, channel) => {
    accepted = channel;
    heardByB = listen(simulation, channel);
  });
  const dialled = a.network.dial(b.url, '/v1/control');
  const heardByA = listen(simulation, dialled);
  simulation.run();
  return { a, b, dialled, accepted: accepted as unknown as Channel, heardByA, heardByB };
}

describe('time', () => {
  test('jumps to the next event, however far, and stands at the instant that was asked for', () => {
    const simulation = new Simulation({ seed: 1 });
    const { timers, clock } = simulation.process('a');
    const fired: bigint[] = [];
    timers.at(trueNs(800_000n * S), () => fired.push(clock.now()));
    expect(simulation.run({ until: trueNs(5n * S) })).toBe('until');
    expect(clock.now()).toBe(5n * S);
    expect(fired).toEqual([]);
    expect(simulation.run()).toBe('idle');
    expect(fired).toEqual([800_000n * S]);
    expect(simulation.events).toBe(2);
  });

  test('stops as soon as what was waited for holds', () => {
    const simulation = new Simulation({ seed: 1 });
    const { timers } = simulation.process('a');
    let count = 0;
    for (let i = 1n; i <= 10n; i++) timers.at(trueNs(i * MS), () => count++);
    expect(simulation.run({ done: () => count === 3 })).toBe('done');
    expect(simulation.now).toBe(3n * MS);
  });

  test('events of one instant come in the order in which they were set, over all processes', () => {
    const simulation = new Simulation({ seed: 1 });
    const order: string[] = [];
    const b = simulation.process('b');
    const a = simulation.process('a');
    b.timers.at(trueNs(MS), () => order.push('b1'));
    a.timers.at(trueNs(MS), () => order.push('a1'));
    b.timers.at(trueNs(MS), () => order.push('b2'));
    simulation.run();
    expect(order).toEqual(['b1', 'a1', 'b2']);
  });

  test('an endless exchange within one instant is an error, not a hang', () => {
    const simulation = new Simulation({ seed: 1 });
    const { timers, clock } = simulation.process('a');
    const again = (): void => void timers.at(clock.now(), again);
    again();
    expect(() => simulation.run()).toThrow(/1000000 events at 0 ns/);
  });

  test('what a callback throws comes out of run(), and the run can go on', () => {
    const simulation = new Simulation({ seed: 1 });
    const { timers } = simulation.process('a');
    let after = false;
    timers.at(trueNs(1n), () => {
      throw new Error('from inside');
    });
    timers.at(trueNs(2n), () => {
      after = true;
    });
    expect(() => simulation.run()).toThrow('from inside');
    simulation.run();
    expect(after).toBe(true);
  });
});

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
});

describe('a crash', () => {
  test('stops the timers, breaks the channels, and lets what was sent arrive first', () => {
    const simulation = new Simulation({ seed: 1 });
    const { a, dialled, heardByA, heardByB } = pair(simulation);
    let fired = false;
    a.timers.at(trueNs(simulation.now + S), () => {
      fired = true;
    });
    dialled.send(bytes(9));
    a.crash();
    simulation.run();
    expect(fired).toBe(false);
    expect(heardByA).toEqual([]);
    expect(heardByB.map((line) => line.replace(/^\d+ /, ''))).toEqual([
      'message 9',
      'closed 1006 b <- a/v1/control: the peer is gone',
    ]);
  });

  test('loses what had not left the process yet', () => {
    const simulation = new Simulation({ seed: 1, link: { bytesPerSecond: 1000n } });
    const { a, dialled, heardByB } = pair(simulation);
    dialled.send(new Uint8Array(100).fill(1));
    dialled.send(new Uint8Array(900).fill(2));
    simulation.run({ until: trueNs(simulation.now + 500n * MS) });
    a.crash();
    simulation.run();
    expect(heardByB.length).toBe(2);
    expect(heardByB[0]).toContain('message 1,1');
    expect(heardByB[1]).toContain('closed 1006');
  });

  test('keeps the durable lines of the journal, and only those', () => {
    const simulation = new Simulation({ seed: 1, fsyncNs: 10n * MS });
    const a = simulation.process('a');
    const durable: string[] = [];
    a.journal.append('first', () => durable.push('first'));
    simulation.run({ until: trueNs(10n * MS) });
    a.journal.append('second', () => durable.push('second'));
    simulation.run({ until: trueNs(15n * MS) });
    a.crash();
    const again = simulation.process('a');
    expect(again.journal.lines).toEqual(['first']);
    simulation.run();
    expect(durable).toEqual(['first']);
  });

  test('may find unsynced lines on the disk all the same, when the test wants that', () => {
    const simulation = new Simulation({ seed: 1 });
    const a = simulation.process('a');
    a.journal.append('first', () => undefined);
    a.journal.append('second', () => undefined);
    a.crash({ unsyncedLinesKept: 1 });
    expect(simulation.process('a').journal.lines).toEqual(['first']);
  });

  test('leaves the name free, and only then', () => {
    const simulation = new Simulation({ seed: 1 });
    const a = simulation.process('a');
    expect(() => simulation.process('a')).toThrow(/runs already/);
    a.crash();
    expect(simulation.process('a').alive).toBe(true);
  });
});

test('a view that is kept beyond the call is overwritten when the simulation is asked to', () => {
  const simulation = new Simulation({ seed: 1, poisonViews: true });
  const b = simulation.process('b');
  let kept: Uint8Array | null = null;
  b.network.accept((_path, _query, channel) => {
    channel.handle({ message: (view) => (kept = view), drained: () => undefined, closed: () => undefined });
  });
  const a = simulation.process('a').network.dial(b.url, '/');
  a.send(bytes(1, 2));
  simulation.run();
  expect(kept).toEqual(bytes(0xdb, 0xdb));
});

test('log lines carry instant and process', () => {
  const lines: string[] = [];
  const simulation = new Simulation({
    seed: 1,
    log: (line) => lines.push(`${line.at} ${line.process} ${line.message}`),
  });
  simulation.process('a').log.info({ pages: 3 }, 'sent');
  expect(lines).toEqual(['0 a sent']);
});

test('CLOSE_CODE.BROKEN is what nobody may send', () => {
  const simulation = new Simulation({ seed: 1 });
  const { dialled } = pair(simulation);
  expect(() => dialled.close(CLOSE_CODE.BROKEN, '')).toThrow(/cannot be sent/);
});
