/**
 * A small world for tests: a coordinator, two nodes and a runner in the simulator, with requests that can be waited for.
 * The nodes run whatever World the test gives: the model's, or a scripted one that fails where it is told to.
 */
import { CoordinatorCore, type CoordinatorPorts } from '@skewbed/coordinator/core/coordinator.ts';
import { type Outcome, RunnerClient } from '@skewbed/coordinator/core/runner-client.ts';
import type { CommandName, CommandOf, ResultOf } from '@skewbed/proto/control/commands.ts';
import type { SkewbedError } from '@skewbed/proto/errors.ts';
import type { HistoryEvent } from '@skewbed/proto/history.ts';
import { NS_PER_S, type TrueNs, trueNs } from '@skewbed/proto/units.ts';
import { checksums } from '@skewbed/runtime/checksum.ts';
import type { Channel } from '@skewbed/runtime/ports/network.ts';
import type { SimProcess } from '@skewbed/runtime/sim/process.ts';
import { Simulation } from '@skewbed/runtime/sim/simulation.ts';
import { NodeCore, type NodePorts } from '../core/node.ts';
import type { World } from '../core/world.ts';

export type StageOptions = {
  readonly worlds: Readonly<Record<'a' | 'b', World>>;
  /** Tests that swap a port, to see that something notices. */
  readonly coordinatorPorts?: (ports: CoordinatorPorts) => CoordinatorPorts;
  readonly nodePorts?: (ports: NodePorts, name: 'a' | 'b') => NodePorts;
};

export class Stage {
  readonly simulation = new Simulation({ seed: 1, poisonViews: true });
  readonly events: HistoryEvent[] = [];
  readonly nodes: Record<'a' | 'b', NodeCore>;
  coordinator: CoordinatorCore;
  runner!: RunnerClient;
  readonly runnerClosed: (SkewbedError | null)[] = [];
  readonly #options: StageOptions;
  #coordinatorProcess: SimProcess | null = null;
  readonly #nodeProcesses = new Map<'a' | 'b', SimProcess>();
  #runners = 0;
  #strangers = 0;

  constructor(options: StageOptions) {
    this.#options = options;
    this.coordinator = this.startCoordinator();
    this.nodes = { a: this.startNode('a'), b: this.startNode('b') };
    this.newRunner();
    this.simulation.run({ done: () => this.runner.ready && this.coordinator.nodes().length === 2 });
  }

  /** Also after a crash of the one before. */
  startCoordinator(): CoordinatorCore {
    const ports = this.simulation.process('coordinator');
    this.#coordinatorProcess = ports;
    this.coordinator = new CoordinatorCore(this.#options.coordinatorPorts?.(ports) ?? ports);
    this.coordinator.start();
    return this.coordinator;
  }

  /** Kills it, and starts another on its journal. The nodes and the runner have to dial again. */
  crashCoordinator(options: { readonly unsyncedLinesKept?: number } = {}): void {
    this.#coordinatorProcess?.crash(options);
  }

  /** As after kill -9 and a restart, until nodes and a new runner are there. */
  restartCoordinator(): void {
    this.crashCoordinator();
    this.startCoordinator();
    this.newRunner();
    this.simulation.run({ done: () => this.runner.ready && this.coordinator.nodes().length === 2 });
  }

  /** What a coordinator that starts now would read. */
  journalLines(): readonly string[] {
    return this.#coordinatorProcess?.disk.lines ?? [];
  }

  newRunner(): void {
    this.#runners += 1;
    const name = `runner-${this.#runners}`;
    const process = this.simulation.process(name);
    this.runner = new RunnerClient({ ...process, sync: null }, { name, coordinatorUrl: 'sim://coordinator' });
    this.runner.onEvents((events) => this.events.push(...events));
    this.runner.connect({ ready: () => {}, closed: (error) => this.runnerClosed.push(error) });
  }

  startNode(name: 'a' | 'b'): NodeCore {
    const process = this.simulation.process(name);
    this.#nodeProcesses.set(name, process);
    const ports = { ...process, checksums, sync: null };
    const node = new NodeCore(this.#options.nodePorts?.(ports, name) ?? ports, this.#options.worlds[name], {
      name,
      url: `sim://${name}`,
      coordinatorUrl: 'sim://coordinator',
    });
    node.start();
    return node;
  }

  /** Kills a node. Its guests die with it; the world of the test has to know that. */
  crashNode(name: 'a' | 'b'): void {
    this.#nodeProcesses.get(name)?.crash();
  }

  restartNode(name: 'a' | 'b'): void {
    this.nodes[name] = this.startNode(name);
  }

  /** A socket of a peer that keeps to no rules. What it is told is collected. */
  stranger(
    path: string,
    to = 'coordinator',
  ): { channel: Channel; heard: Uint8Array[]; closed: { code: number; reason: string }[] } {
    const process = this.simulation.process(`stranger-${++this.#strangers}`);
    const channel = process.network.dial(`sim://${to}`, path);
    const heard: Uint8Array[] = [];
    const closed: { code: number; reason: string }[] = [];
    channel.handle({
      message: (bytes) => heard.push(bytes.slice()),
      drained: () => {},
      closed: (code, reason) => closed.push({ code, reason }),
    });
    return { channel, heard, closed };
  }

  /** Asks, and lets time go on until the answer is there. */
  ask<N extends CommandName>(to: string, command: CommandOf<N> & { readonly command: N }): ResultOf<N> {
    const outcome = this.outcomeOf<N>(to, command);
    if (!outcome.ok) throw outcome.error;
    return outcome.result;
  }

  outcomeOf<N extends CommandName>(to: string, command: CommandOf<N> & { readonly command: N }): Outcome<ResultOf<N>> {
    const asked = this.start<N>(to, command);
    this.simulation.run({ done: () => asked.outcome !== null });
    if (asked.outcome === null) throw new Error(`'${command.command}' to ${to} was never answered`);
    return asked.outcome;
  }

  /** Asks; the answer will stand in `outcome`. */
  start<N extends CommandName>(
    to: string,
    command: CommandOf<N> & { readonly command: N },
  ): { outcome: Outcome<ResultOf<N>> | null } {
    const asked: { outcome: Outcome<ResultOf<N>> | null } = { outcome: null };
    this.runner.request<N>(to, command, (outcome) => {
      asked.outcome = outcome;
    });
    return asked;
  }

  /** Lets so much true time pass. */
  pass(seconds: number): void {
    this.simulation.run({ until: this.after(seconds) });
  }

  /** The instant so long from now. */
  after(seconds: number): TrueNs {
    return trueNs(this.simulation.now + (BigInt(Math.round(seconds * 1000)) * NS_PER_S) / 1000n);
  }

  phases(host?: string): string[] {
    return this.events.flatMap((event) => (event.kind === 'migration' && event.host === host ? [event.phase] : []));
  }
}
