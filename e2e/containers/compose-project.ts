/** A Compose project as a user has it, under a name and on a port of its own: `docker compose ...` with this repo's files. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { docker, IMAGE, OS_CLOCK_IMAGE, PROJECT_PREFIX, REPO } from './engine.ts';

export type Ended = { readonly code: number | null; readonly output: string };

export class ComposeProject implements AsyncDisposable {
  readonly name: string;
  readonly port: number;
  readonly #files: readonly string[];
  readonly #environment: Readonly<Record<string, string>>;

  private constructor(
    name: string,
    port: number,
    files: readonly string[],
    environment: Readonly<Record<string, string>>,
  ) {
    this.name = `${PROJECT_PREFIX}${name}`;
    this.port = port;
    this.#files = files;
    this.#environment = environment;
  }

  static async named(
    name: string,
    environment: Readonly<Record<string, string>> = {},
    files: readonly string[] = ['compose.yaml'],
  ): Promise<ComposeProject> {
    return new ComposeProject(name, await freePort(), files, environment);
  }

  /** Starts `docker compose ...` in the foreground. */
  start(...args: readonly string[]): ChildProcess {
    const files = this.#files.flatMap((file) => ['-f', file]);
    return spawn('docker', ['compose', '-p', this.name, ...files, ...args], {
      cwd: REPO,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        SKEWBED_IMAGE: IMAGE,
        SKEWBED_OS_IMAGE: OS_CLOCK_IMAGE,
        SKEWBED_PORT: String(this.port),
        ...this.#environment,
      },
    });
  }

  /** Runs `docker compose ...` to its end. */
  async run(...args: readonly string[]): Promise<Ended> {
    return endOf(this.start(...args));
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The token, as the output of the testbed tells its user to look at it. */
  async token(): Promise<string> {
    return (await this.run('exec', '-T', 'coordinator', 'cat', '/run/skewbed/token')).output.trim();
  }

  /** What of this project there still is. */
  async remains(): Promise<string> {
    const label = `label=com.docker.compose.project=${this.name}`;
    const kinds = [
      ['ps', '-aq'],
      ['network', 'ls', '-q'],
      ['volume', 'ls', '-q'],
    ] as const;
    return (await Promise.all(kinds.map((kind) => docker(...kind, '--filter', label)))).join('\n').trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.run('down', '-v', '--timeout', '2');
  }
}

/** Output of both streams, and the exit code. */
export async function endOf(child: ChildProcess): Promise<Ended> {
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}

/** A port of this machine's loopback that nobody uses now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
