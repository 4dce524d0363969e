import { trueNs } from '@skewbed/proto/units.ts';
import { describe, expect, test } from 'vitest';
import { pair } from './pair.ts';
import { Simulation } from './simulation.ts';

const MS = 1_000_000n;
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const said = (heard: readonly string[]): string[] => heard.map((line) => line.replace(/^\d+ /, ''));

describe('a tap on a link', () => {
  test('sees each message with its sender and channel, and may change or drop it', () => {
    const simulation = new Simulation({ seed: 1 });
    const { dialled, accepted, heardByA, heardByB } = pair(simulation);
    const seen: string[] = [];
    dialled.send(bytes(1));
    simulation.link('a', 'b').tap = ({ from, path, message }) => {
      seen.push(`${from} ${path} ${message.join(',')}`);
      if (message[0] === 2) return null;
      return message[0] === 3 ? bytes(99) : message;
    };
    for (const value of [2, 3, 4]) dialled.send(bytes(value));
    accepted.send(bytes(5));
    simulation.run();
    expect(seen).toEqual(['a /v1/control 2', 'a /v1/control 3', 'a /v1/control 4', 'b /v1/control 5']);
    expect(said(heardByB)).toEqual(['drained', 'message 1', 'message 99', 'message 4']);
    expect(said(heardByA)).toContain('message 5');
    expect(dialled.queuedBytes).toBe(0);
  });

  test('may send a message twice', () => {
    const simulation = new Simulation({ seed: 1 });
    const { dialled, heardByB } = pair(simulation);
    simulation.link('a', 'b').tap = ({ message }) => [message, message.slice()];
    dialled.send(bytes(7));
    dialled.send(bytes(8));
    simulation.run();
    expect(said(heardByB)).toEqual(['message 7', 'message 7', 'message 8', 'message 8']);
    expect(dialled.queuedBytes).toBe(0);
  });

  test('may cut the link: the message that it saw then never arrives', () => {
    const simulation = new Simulation({ seed: 1 });
    const { dialled, heardByB } = pair(simulation);
    const link = simulation.link('a', 'b');
    link.tap = () => {
      link.cut();
      return null;
    };
    dialled.send(bytes(1));
    simulation.run();
    expect(said(heardByB)).toEqual(['closed 1006 the link was cut']);
  });
});

describe('a paused process', () => {
  test('does nothing until it goes on, and then everything, in order', () => {
    const simulation = new Simulation({ seed: 1 });
    const { b, dialled, heardByB } = pair(simulation);
    const start = simulation.now;
    b.pause();
    dialled.send(bytes(1));
    b.timers.at(trueNs(start + 5n * MS), () => heardByB.push(`${simulation.now} timer`));
    dialled.send(bytes(2));
    simulation.run({ until: trueNs(start + 20n * MS) });
    expect(heardByB).toEqual([]);
    b.resume();
    simulation.run();
    const at = start + 20n * MS;
    expect(heardByB).toEqual([`${at} message 1`, `${at} message 2`, `${at} timer`]);
  });

  test('does not do what was cancelled while it stood, nor anything once it has crashed', () => {
    const simulation = new Simulation({ seed: 1 });
    const { a } = pair(simulation);
    const fired: string[] = [];
    a.pause();
    const cancelled = a.timers.at(trueNs(simulation.now + MS), () => fired.push('cancelled'));
    a.timers.at(trueNs(simulation.now + MS), () => fired.push('kept'));
    simulation.run({ until: trueNs(simulation.now + 2n * MS) });
    cancelled.cancel();
    a.resume();
    simulation.run();
    expect(fired).toEqual(['kept']);
    a.pause();
    a.timers.at(simulation.now, () => fired.push('never'));
    simulation.run();
    a.crash();
    a.resume();
    simulation.run();
    expect(fired).toEqual(['kept']);
  });
});

test('every timer of a slow process is late', () => {
  const simulation = new Simulation({ seed: 1 });
  const a = simulation.process('a');
  a.lateNs = 7n * MS;
  const fired: bigint[] = [];
  a.timers.at(trueNs(10n * MS), () => fired.push(a.clock.now()));
  simulation.run();
  expect(fired).toEqual([17n * MS]);
});
