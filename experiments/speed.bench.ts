/**
 * How many migrations of a 256-page guest the simulator does in a second of real time, with everything in the way that a
 * real one has: runner, coordinator, relay, journal, codec, checksums, digests. Prints, checks nothing: `npm run speed`.
 */
import { CoordinatorCore } from '@skewbed/coordinator/core/coordinator.ts';
import { RunnerClient } from '@skewbed/coordinator/core/runner-client.ts';
import { modelWorld } from '@skewbed/hypervisor-node/core/model-world.ts';
import { NodeCore } from '@skewbed/hypervisor-node/core/node.ts';
import { NS_PER_MS, trueNs } from '@skewbed/proto/units.ts';
import { checksums } from '@skewbed/runtime/checksum.ts';
import { monotonicNs } from '@skewbed/runtime/live/clock.ts';
import { nodePageOps } from '@skewbed/runtime/page-ops.ts';
import { Simulation } from '@skewbed/runtime/sim/simulation.ts';

const MOVES = 400;
const ROUNDS = 5;

/** Real seconds for MOVES migrations there and back between two hosts that stay. */
function round(): number {
  const simulation = new Simulation({ seed: 1 });
  const coordinator = simulation.process('coordinator');
  new CoordinatorCore(coordinator).start();
  for (const name of ['a', 'b']) {
    const node = simulation.process(`node-${name}`);
    const { clock, timers, network, log, random } = node;
    const ports = { clock, timers, network, log, random, checksums, sync: null };
    new NodeCore(ports, modelWorld(nodePageOps), { name, url: node.url, coordinatorUrl: coordinator.url }).start();
  }
  const { clock, timers, network } = simulation.process('runner');
  const client = new RunnerClient(
    { clock, timers, network, sync: null },
    { name: 'runner', coordinatorUrl: coordinator.url },
  );
  let moved = 0;
  let begin = 0n;
  const fail = (error: Error): never => {
    throw error;
  };
  const ask = (to: string, command: Parameters<typeof client.request>[1], then: () => void): void =>
    client.request(to, command, (outcome) => (outcome.ok ? then() : fail(outcome.error)));
  const configure = (name: string, then: () => void): void =>
    ask(
      name,
      {
        command: 'configure-host',
        config: {
          name,
          origin: clock.now(),
          wallSkew: '+0s',
          utcAtZeroNs: 1_227_774_104_000_000_000n,
          uptimeSkew: name === 'a' ? '+1000000s' : '+200000s',
          ntpPeriodNs: null,
          tscHz: 1_000_000_000n,
          frames: 2048,
          mfnSalt: name.charCodeAt(0),
          patches: [],
          domctl51: false,
        },
      },
      then,
    );
  const spec = {
    name: 'guest',
    kernel: 'pvops-6.12',
    build: 'smp',
    vcpus: 1,
    pages: 256,
    hz: 100,
    patches: [],
    reader: 'each-tick',
    writerPages: 16,
  } as const;
  const move = (): void => {
    if (moved === MOVES) return;
    const [from, to] = moved % 2 === 0 ? (['a', 'b'] as const) : (['b', 'a'] as const);
    const suspendAt = trueNs(clock.now() + 20n * NS_PER_MS);
    const runAt = trueNs(suspendAt + 20n * NS_PER_MS);
    const command = {
      command: 'migrate',
      migration: `m${moved}`,
      domain: 'guest',
      from,
      to,
      restore: 'fields-2007',
      suspendAt,
      runAt,
      sourceWallAheadNs: 0n,
    } as const;
    ask('coordinator', command, () => {
      moved += 1;
      timers.at(trueNs(runAt + 20n * NS_PER_MS), move);
    });
  };
  client.connect({
    ready: () =>
      timers.at(trueNs(clock.now() + 100n * NS_PER_MS), () =>
        configure('a', () =>
          configure('b', () =>
            ask('a', { command: 'step', at: null, event: { type: 'create-domain', spec } }, () =>
              ask('a', { command: 'step', at: null, event: { type: 'unpause', domain: 'guest' } }, () => {
                begin = monotonicNs();
                move();
              }),
            ),
          ),
        ),
      ),
    closed: (error) => {
      if (error) throw error;
    },
  });
  simulation.run({ done: () => moved === MOVES });
  return Number(monotonicNs() - begin) / 1e9;
}

const rates = Array.from({ length: ROUNDS }, () => MOVES / round()).sort((a, b) => a - b);
console.log(
  `migrations of a 256-page guest in the simulator, a second: median ${Math.round(rates[ROUNDS >> 1]!)}, ${Math.round(rates[0]!)} to ${Math.round(rates.at(-1)!)} in ${ROUNDS} rounds`,
);
