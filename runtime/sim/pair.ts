/** For tests of the simulator: two processes with a channel between them, and what each end hears, with its instant. */
import type { Channel } from '../ports/network.ts';
import type { Simulation } from './simulation.ts';

/** What one end has heard, each with its instant. */
export function listen(simulation: Simulation, channel: Channel): string[] {
  const heard: string[] = [];
  channel.handle({
    message: (message) => heard.push(`${simulation.now} message ${[...message].join(',')}`),
    drained: () => heard.push(`${simulation.now} drained`),
    closed: (code, reason) => heard.push(`${simulation.now} closed ${code} ${reason}`),
  });
  return heard;
}

/** Two processes with one channel from a to b, open. */
export function pair(simulation: Simulation) {
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
