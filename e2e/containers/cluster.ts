/**
 * A testbed of its own for a test: a network, a coordinator and nodes in hardened containers (no capability, read-only
 * root), and what one may do to them: kill, pause, cut off, start again. Close it, or the sweep does.
 */
import { randomBytes } from 'node:crypto';
import { openContainers } from '@skewbed/experiments/testbeds/containers.ts';
import type { RunnerOptions } from '@skewbed/experiments/testbeds/live-run.ts';
import { GenericContainer, Network, type StartedNetwork, type StartedTestContainer, Wait } from 'testcontainers';
import { freePort } from './compose-project.ts';
import { docker, IMAGE, LABEL } from './engine.ts';

const PORT = 8080;

/** What is done to a node, and undone. */
export type Fault = 'kill' | 'pause' | 'cut';

export class Cluster implements AsyncDisposable {
  readonly #token = randomBytes(24).toString('base64url');
  readonly #network: StartedNetwork;
  #coordinator: StartedTestContainer | null = null;
  readonly #nodes = new Map<string, StartedTestContainer>();

  private constructor(network: StartedNetwork) {
    this.#network = network;
  }

  /** Starts a coordinator and a node for each name, ready. */
  static async start(names: readonly string[]): Promise<Cluster> {
    const cluster = new Cluster(await new Network().start());
    try {
      // A port of its own, and a journal on a volume: a coordinator that is killed and started again has both.
      const host = await freePort();
      cluster.#coordinator = await cluster
        .#container('coordinator', ['services/coordinator/main.ts'], { volume: '/var/lib/skewbed' })
        .withEnvironment({
          ...cluster.#environment(),
          SKEWBED_ALLOWED_HOSTS: 'coordinator',
          SKEWBED_JOURNAL: '/var/lib/skewbed/journal',
        })
        .withExposedPorts({ container: PORT, host })
        .start();
      await Promise.all(names.map((name) => cluster.#startNode(name)));
      await cluster.#nodesReady(names.length);
      return cluster;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Where the coordinator is published. */
  get url(): string {
    const coordinator = this.#coordinator!;
    return `http://127.0.0.1:${coordinator.getMappedPort(PORT)}`;
  }

  /** What a runner's environment would be. */
  get environment(): Readonly<Record<string, string>> {
    return { SKEWBED_COORDINATOR_URL: this.url, SKEWBED_TOKEN: this.#token };
  }

  /** How to connect as a runner. */
  runner(name: string): RunnerOptions {
    return { name, coordinatorUrl: this.url, token: this.#token };
  }

  /** As the command line opens it. */
  open() {
    return openContainers(this.environment);
  }

  /** Asks the coordinator's API. */
  async get<R>(path: string): Promise<R> {
    const response = await fetch(`${this.url}${path}`, { headers: { authorization: `Bearer ${this.#token}` } });
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as R;
  }

  async inflict(fault: Fault, node: string): Promise<void> {
    const id = this.idOf(node);
    if (fault === 'kill') await docker('kill', '--signal', 'KILL', id);
    // A busy machine cannot always freeze all threads of a process in time: runc gives up then, and may be asked again.
    if (fault === 'pause') await docker('pause', id).catch(() => docker('pause', id));
    if (fault === 'cut') await docker('network', 'disconnect', '--force', this.#network.getId(), id);
  }

  async heal(fault: Fault, node: string): Promise<void> {
    const id = this.idOf(node);
    if (fault === 'kill') await docker('start', id);
    if (fault === 'pause') await docker('unpause', id);
    // A reconnect forgets the names that the others know the node by.
    if (fault === 'cut') await docker('network', 'connect', '--alias', `node-${node}`, this.#network.getId(), id);
  }

  /** The last lines that a node wrote: evidence for a failing test. */
  async logs(node: string): Promise<string> {
    return docker('logs', '--tail', '20', this.idOf(node));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#nodes.values(), ...(this.#coordinator === null ? [] : [this.#coordinator])];
    const ids = all.map((container) => container.getId());
    if (ids.length > 0) await docker('rm', '--force', '--volumes', ...ids);
    await this.#network.stop();
  }

  /** The container of a node, or of the coordinator. */
  idOf(name: string): string {
    const container = name === 'coordinator' ? this.#coordinator : this.#nodes.get(name);
    if (container === null || container === undefined) throw new Error(`there is no ${name} in this cluster`);
    return container.getId();
  }

  async #startNode(name: string): Promise<void> {
    const container = await this.#container(`node-${name}`, ['services/hypervisor-node/main.ts'])
      .withEnvironment({
        ...this.#environment(),
        SKEWBED_NODE_NAME: name,
        SKEWBED_NODE_URL: `http://node-${name}:${PORT}`,
        SKEWBED_COORDINATOR_URL: `http://coordinator:${PORT}`,
      })
      .start();
    this.#nodes.set(name, container);
  }

  /** A node listens before it has met its coordinator. */
  async #nodesReady(count: number): Promise<void> {
    const deadline = performance.now() + 30_000;
    while ((await this.get<{ nodes: unknown[] }>('/v1/nodes')).nodes.length < count) {
      if (performance.now() > deadline) throw new Error(`of ${count} nodes some did not come to their coordinator`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  #environment(): Record<string, string> {
    return { SKEWBED_TOKEN: this.#token, SKEWBED_LISTEN: `0.0.0.0:${PORT}`, SKEWBED_LOG: 'warn' };
  }

  #container(alias: string, command: readonly string[], options: HardenedOptions = {}): GenericContainer {
    return new HardenedContainer(IMAGE, options)
      .withCommand(['node', ...command])
      .withNetwork(this.#network)
      .withNetworkAliases(alias)
      .withLabels({ [LABEL]: '1' })
      .withDroppedCapabilities('ALL')
      .withSecurityOpt('no-new-privileges:true')
      .withTmpFs({ '/tmp': 'rw' })
      .withWaitStrategy(Wait.forLogMessage('"ready":true'))
      .withStartupTimeout(60_000);
  }
}

/** `volume`: a folder on an anonymous volume, which goes with the container. */
type HardenedOptions = { readonly volume?: string };

class HardenedContainer extends GenericContainer {
  constructor(image: string, { volume }: HardenedOptions) {
    super(image);
    this.hostConfig.ReadonlyRootfs = true;
    if (volume !== undefined) this.hostConfig.Mounts = [{ Type: 'volume', Source: '', Target: volume }];
  }
}
