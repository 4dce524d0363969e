/**
 * How many events a simulation does in a second. A plain script: node runtime/sim/event-queue.bench.ts
 * Three mixes: timers that are set and fire, timers that are mostly cancelled (time-outs), and messages to and fro.
 */
import { trueNs } from '@skewbed/proto/units.ts';
import { monotonicNs } from '../live/clock.ts';
import { Simulation } from './simulation.ts';

const EVENTS = 1_000_000;

/** Runs one mix and prints its rate. */
function measure(name: string, run: () => number): void {
  run();
  const start = monotonicNs();
  const events = run();
  const seconds = Number(monotonicNs() - start) / 1e9;
  process.stdout.write(`${name.padEnd(34)} ${Math.round(events / seconds).toLocaleString('en')} events/s\n`);
}

measure('1000 timers, each sets the next', () => {
  const simulation = new Simulation({ seed: 1 });
  const { timers, clock, random } = simulation.process('a');
  let left = EVENTS;
  const again = (): void => {
    if (left-- > 0) timers.at(trueNs(clock.now() + BigInt(random.below(1_000_000))), again);
  };
  for (let i = 0; i < 1000; i++) again();
  simulation.run();
  return simulation.events;
});

measure('time-outs, 9 of 10 cancelled', () => {
  const simulation = new Simulation({ seed: 1 });
  const { timers, clock } = simulation.process('a');
  let left = EVENTS;
  const again = (): void => {
    if (left <= 0) return;
    left -= 10;
    for (let i = 0; i < 9; i++) timers.at(trueNs(clock.now() + 1_000_000_000n), again).cancel();
    timers.at(trueNs(clock.now() + 1000n), again);
  };
  again();
  simulation.run();
  return EVENTS;
});

measure('messages of 64 bytes to and fro', () => {
  const simulation = new Simulation({ seed: 1 });
  const b = simulation.process('b');
  b.network.accept((_path, _query, channel) => {
    channel.handle({ message: (m) => channel.send(m), drained: () => undefined, closed: () => undefined });
  });
  const channel = simulation.process('a').network.dial(b.url, '/');
  let left = EVENTS / 4;
  channel.handle({
    message: (m) => {
      if (left-- > 0) channel.send(m);
    },
    drained: () => undefined,
    closed: () => undefined,
  });
  channel.send(new Uint8Array(64));
  simulation.run();
  return simulation.events;
});
