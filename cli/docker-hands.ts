/**
 * Hands on containers: what chaos does to them, by the command line of their engine. For a testbed that somebody started
 * with Compose, and for the container tests, which start their own.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { ContainerHands, ContainerState } from '@skewbed/experiments/chaos/real/container-hands.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';

/** Where the coordinator's image keeps its journal, when it is told to keep one. */
const JOURNAL = '/var/lib/skewbed/journal';
const OUTPUT_MAX_BYTES = 2 ** 26;
const run = promisify(execFile);

type Network = { readonly Aliases?: readonly string[] | null };
type Inspected = {
  readonly State: { readonly Status: string; readonly ExitCode: number };
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, Network>> };
};

/** Runs `docker ...` and gives its standard output. */
async function docker(...args: readonly string[]): Promise<string> {
  try {
    return (await run('docker', [...args], { maxBuffer: OUTPUT_MAX_BYTES })).stdout.trim();
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim() || String(error);
    throw new SkewbedError('peer-error', `docker ${args[0]}: ${said}`);
  }
}

export class DockerHands implements ContainerHands {
  readonly #idOf: (name: string) => Promise<string>;
  /** Networks that a container was taken out of, with the names that it had there. */
  readonly #left = new Map<string, readonly (readonly [network: string, aliases: readonly string[]])[]>();

  /** `idOf`: the container of the coordinator, or of a host. */
  constructor(idOf: (name: string) => Promise<string>) {
    this.#idOf = idOf;
  }

  async kill(name: string): Promise<void> {
    await docker('kill', '--signal', 'KILL', await this.#idOf(name));
  }

  async start(name: string): Promise<void> {
    await docker('start', await this.#idOf(name));
  }

  async pause(name: string): Promise<void> {
    const id = await this.#idOf(name);
    // A busy machine cannot always freeze all threads of a process in time: runc gives up then, and may be asked again.
    await docker('pause', id).catch(() => docker('pause', id));
  }

  async unpause(name: string): Promise<void> {
    await docker('unpause', await this.#idOf(name));
  }

  async disconnect(name: string): Promise<void> {
    const id = await this.#idOf(name);
    const { Networks } = (await this.#inspect(name)).NetworkSettings;
    const networks = Object.entries(Networks).map(([network, { Aliases }]) => [network, Aliases ?? []] as const);
    this.#left.set(name, networks);
    for (const [network] of networks) await docker('network', 'disconnect', '--force', network, id);
  }

  async connect(name: string): Promise<void> {
    const id = await this.#idOf(name);
    const networks = this.#left.get(name) ?? [];
    this.#left.delete(name);
    // A reconnect forgets the names that the others know it by.
    for (const [network, aliases] of networks) {
      const own = aliases.filter((alias) => !id.startsWith(alias)).flatMap((alias) => ['--alias', alias]);
      await docker('network', 'connect', ...own, network, id);
    }
  }

  async state(name: string): Promise<ContainerState> {
    const { State, NetworkSettings } = await this.#inspect(name);
    return {
      status: State.Status,
      exitCode: State.ExitCode,
      networks: Object.keys(NetworkSettings.Networks).length,
    };
  }

  async journal(): Promise<string | null> {
    const id = await this.#idOf('coordinator');
    return docker('exec', id, 'cat', JOURNAL).then(
      (text) => `${text}\n`,
      () => null,
    );
  }

  async #inspect(name: string): Promise<Inspected> {
    const [one] = JSON.parse(await docker('inspect', await this.#idOf(name))) as [Inspected];
    return one;
  }
}

/** Hands on the containers of a Compose project; null where no engine answers, or it has no such project. */
export async function composeHands(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<DockerHands | null> {
  const project = environment.COMPOSE_PROJECT_NAME || 'skewbed';
  const of = (service: string): Promise<string> =>
    docker(
      'ps',
      '--all',
      '--quiet',
      '--no-trunc',
      '--filter',
      `label=com.docker.compose.project=${project}`,
      '--filter',
      `label=com.docker.compose.service=${service}`,
    );
  const idOf = async (name: string): Promise<string> => {
    const service = name === 'coordinator' ? name : `node-${name}`;
    const [id] = (await of(service)).split('\n');
    if (id !== undefined && id !== '') return id;
    throw new SkewbedError('not-found', `project ${project} has no container of the service ${service}`);
  };
  return idOf('coordinator').then(
    () => new DockerHands(idOf),
    () => null,
  );
}
