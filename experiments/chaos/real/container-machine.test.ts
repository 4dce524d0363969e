/** Faults of containers, done by hands that are made up: what the engine says afterwards is what is told. */
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { expect, it } from 'vitest';
import type { Seen } from '../faults/fault.ts';
import type { ContainerHands, ContainerState } from './container-hands.ts';
import { ContainerMachine } from './container-machine.ts';

/** An engine which notes its orders, and says of the container what it is told to say. */
function engine(states: { -readonly [K in keyof ContainerState]?: ContainerState[K] } = {}) {
  const orders: string[] = [];
  const state = { status: 'running', exitCode: 0, networks: 1, ...states };
  const order = (word: string) => async (name: string) => void orders.push(`${word} ${name}`);
  const hands: ContainerHands = {
    kill: order('kill'),
    start: order('start'),
    pause: order('pause'),
    unpause: order('unpause'),
    disconnect: order('disconnect'),
    connect: order('connect'),
    state: async () => ({ ...state }),
    journal: async () => null,
  };
  const told: string[] = [];
  const tell = (word: string) => () => void told.push(word);
  const machine = new ContainerMachine('a', {
    hands,
    losing: tell('losing'),
    broke: tell('broke'),
    crashed: tell('crashed'),
    restarted: tell('restarted'),
    failed: (error) => told.push(`failed: ${error.message}`),
  });
  return { machine, orders, told, state, hands };
}

it('a kill is confirmed by the exit code, and from then on what it said may be missing', async () => {
  const { machine, orders, told } = engine({ status: 'exited', exitCode: 137 });
  const seen: Seen[] = [];
  machine.crash((each) => seen.push(each));
  expect([machine.alive, told]).toEqual([false, ['losing']]);
  machine.restart();
  await machine.idle;
  expect(seen).toEqual([{ outcome: 'confirmed', detail: '' }]);
  expect(orders).toEqual(['kill a', 'start a']);
  expect(told).toEqual(['losing', 'broke', 'crashed', 'restarted']);
});

it('a kill after which it runs on is a mismatch', async () => {
  const { machine } = engine();
  const seen: Seen[] = [];
  machine.crash((each) => seen.push(each));
  await machine.idle;
  expect(seen).toEqual([{ outcome: 'mismatch', detail: 'it is running, exit code 0' }]);
});

it('a pause is what the engine says while it lasts', async () => {
  for (const [status, outcome] of [
    ['paused', 'confirmed'],
    ['running', 'mismatch'],
  ] as const) {
    const { machine, orders } = engine({ status });
    const end = machine.pause();
    await machine.idle;
    expect(end().outcome).toBe(outcome);
    await machine.idle;
    expect(orders).toEqual(status === 'paused' ? ['pause a', 'unpause a'] : ['pause a']);
  }
});

it('a cut is confirmed when it is in no network any more, and inconclusive when the engine was too slow', async () => {
  const { machine, state, orders } = engine({ networks: 0 });
  expect(machine.cut()()).toMatchObject({ outcome: 'inconclusive' });
  await machine.idle;
  const end = machine.cut();
  await machine.idle;
  expect(end().outcome).toBe('confirmed');
  state.networks = 1;
  const other = machine.cut();
  await machine.idle;
  expect(other()).toEqual({ outcome: 'mismatch', detail: 'it was running with 1 networks' });
  await machine.idle;
  expect(orders.filter((order) => order === 'connect a')).toHaveLength(3);
});

it('an engine that fails is told, and the next order is given all the same', async () => {
  const { machine, told, hands, orders } = engine({ status: 'paused' });
  hands.pause = async () => {
    throw new SkewbedError('peer-error', 'docker pause: no');
  };
  machine.pause();
  machine.cut();
  await machine.idle;
  expect(told).toContain('failed: docker pause: no');
  expect(orders).toContain('disconnect a');
});
