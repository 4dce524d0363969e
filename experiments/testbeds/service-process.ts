/**
 * A service of Skewbed as a child process: started with the Node that runs this, ready when it says so in one line, ended
 * by closing its standard input. Its last words are kept for the message when it ends by itself.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { LEAN_FLAGS, leanEnvironment } from './lean-node.ts';

const READY_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 5_000;
const LAST_WORDS = 12;

export class ServiceProcess {
  readonly name: string;
  /** The URL at which it listens. */
  readonly ready: Promise<string>;
  /** Rejects when the process ends without having been told to; otherwise never settles. */
  readonly crashed: Promise<never>;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #lastWords: string[] = [];
  #stopping = false;

  /** `program` is a module of the repo, such as '@skewbed/coordinator/main.ts'. */
  constructor(name: string, program: string, environment: Readonly<Record<string, string>>) {
    this.name = name;
    this.#child = spawn(process.execPath, [...LEAN_FLAGS, fileURLToPath(import.meta.resolve(program))], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: leanEnvironment(environment),
    });
    // Writing to a child that is gone is no news: its exit tells.
    this.#child.stdin?.on('error', () => {});
    if (this.#child.stderr !== null)
      createInterface({ input: this.#child.stderr }).on('line', (line) => this.#heard(line));
    this.#exited = new Promise((resolve) => {
      this.#child.once('exit', () => resolve());
      this.#child.once('error', () => resolve());
    });
    this.crashed = new Promise((_, reject) => {
      const fail = (what: string): void => {
        if (!this.#stopping)
          reject(
            new SkewbedError('link-lost', `${name} ${what}${this.#lastWords.map((line) => `\n  ${line}`).join('')}`),
          );
      };
      this.#child.once('error', (error) => fail(`does not start: ${error.message}`));
      // 'close' comes when its output has been read to the end, so its last words are here.
      this.#child.once('close', (code, signal) => fail(`ended by itself (${signal ?? `exit code ${code}`})`));
    });
    // Somebody may never look; then a crash must not end this process by itself.
    this.crashed.catch(() => {});
    this.ready = Promise.race([this.#readyLine(), this.crashed]);
    this.ready.catch(() => {});
  }

  /** The process, for whoever looks at its memory; 0 when it does not start. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Ends it as kill -9 does, also when it stands still; gives the signal that it died of. */
  async kill(): Promise<NodeJS.Signals | null> {
    this.#stopping = true;
    this.#child.kill('SIGKILL');
    await this.#exited;
    return this.#child.signalCode;
  }

  /** Ends it, at first politely. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#child.stdin?.end();
    const kill = setTimeout(() => this.#child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await this.#exited;
    clearTimeout(kill);
  }

  #readyLine(): Promise<string> {
    return new Promise((resolve, reject) => {
      const timeout = setTimeout(
        () =>
          reject(
            new SkewbedError(
              'timed-out',
              `${this.name} was not ready within ${READY_TIMEOUT_MS / 1000} s; is the machine very busy?`,
            ),
          ),
        READY_TIMEOUT_MS,
      );
      void this.#exited.then(() => clearTimeout(timeout));
      if (this.#child.stdout === null) return;
      createInterface({ input: this.#child.stdout }).once('line', (line) => {
        clearTimeout(timeout);
        const said = readJson(line) as { ready?: unknown; url?: unknown } | undefined;
        if (said?.ready === true && typeof said.url === 'string') resolve(said.url);
        else
          reject(new SkewbedError('peer-error', `${this.name} said '${line.slice(0, 200)}' and not that it is ready`));
      });
    });
  }

  #heard(line: string): void {
    this.#lastWords.push(line.slice(0, 400));
    if (this.#lastWords.length > LAST_WORDS) this.#lastWords.shift();
  }
}

function readJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
