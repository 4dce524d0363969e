/**
 * QEMU moving a guest of the same size with the same pages: `migrate tcp:` of a stopped guest whose memory is a file in
 * /dev/shm, into a second QEMU whose memory is touched beforehand, directly or through socat. Driven over QMP.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { PAGE_SIZE } from '@skewbed/proto/records.ts';
import { monotonicNs } from '@skewbed/runtime/live/clock.ts';
import { isZeroPage, type Pattern, randomBlock } from './guest-memory.ts';

const QEMU = 'qemu-system-x86_64';

/** The first line of what that program says of itself, or null when it is not installed. */
export function versionOf(program: string, flag = '--version'): string | null {
  const { status, stdout } = spawnSync(program, [flag], { encoding: 'utf8' });
  return status === 0 ? (stdout.split('\n').find((line) => /version/i.test(line)) ?? '').trim() : null;
}

export const qemuVersion = (): string | null => versionOf(QEMU);

/** A guest's memory in a file, made once for a pattern. */
export class QemuMemory {
  readonly folder = mkdtempSync('/dev/shm/skewbed-bench-');
  readonly pages: number;

  constructor(pages: number) {
    this.pages = pages;
  }

  get path(): string {
    return join(this.folder, 'ram');
  }

  fill(pattern: Pattern): void {
    const random = randomBlock();
    const image = new Uint8Array(this.pages * PAGE_SIZE);
    for (let pfn = 0; pfn < this.pages; pfn++) {
      if (isZeroPage(pattern, pfn, this.pages)) continue;
      image.set(random.subarray((pfn % 1021) * 64, (pfn % 1021) * 64 + PAGE_SIZE), pfn * PAGE_SIZE);
    }
    writeFileSync(this.path, image);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Moves it once. `relay` starts something in front of the target's port and says its own. */
export async function migrateQemu(
  memory: QemuMemory,
  relay: ((port: number) => Promise<Relay>) | null,
): Promise<number> {
  const port = 20_000 + Math.floor(Math.random() * 20_000);
  const size = `${(memory.pages * PAGE_SIZE) / 1024 ** 2}M`;
  const source = await Qemu.start(
    memory.folder,
    'source',
    size,
    `memory-backend-file,mem-path=${memory.path},share=on`,
  );
  const target = await Qemu.start(memory.folder, 'target', size, 'memory-backend-ram', `tcp:127.0.0.1:${port}`);
  const between = relay === null ? null : await relay(port);
  try {
    await source.ask('migrate-set-parameters', { 'max-bandwidth': 100 * 1024 ** 3 });
    const start = monotonicNs();
    await source.ask('migrate', { uri: `tcp:127.0.0.1:${between?.port ?? port}` });
    for (;;) {
      const state = await source.ask('query-migrate', {});
      if (state.status === 'failed') throw new Error(`QEMU: ${JSON.stringify(state)}`);
      if (state.status !== 'completed') continue;
      // Its own count has a resolution of 1 ms and is at times 0 just after the end; ours includes one round of QMP.
      const total = Number(state['total-time']);
      return total > 0 ? total / 1000 : Number(monotonicNs() - start) / 1e9;
    }
  } finally {
    between?.close();
    await Promise.all([source.quit(), target.quit()]);
  }
}

export type Relay = { readonly port: number; close(): void };

/** socat in front of a port, with the buffer that was best for it. */
export async function socat(port: number): Promise<Relay> {
  const own = 40_001 + Math.floor(Math.random() * 20_000);
  const child = spawn(
    'socat',
    ['-b', '262144', `TCP-LISTEN:${own},bind=127.0.0.1,reuseaddr`, `TCP:127.0.0.1:${port}`],
    {
      stdio: 'ignore',
    },
  );
  // It listens at once, or a little later; a probe would be taken for the connection.
  await new Promise((ready) => setTimeout(ready, 300));
  return { port: own, close: () => child.kill() };
}

type Reply = { return?: Record<string, unknown>; error?: unknown; QMP?: unknown };

class Qemu {
  readonly #child: ChildProcess;
  readonly #socket: Socket;
  #text = '';
  #waiting: ((reply: Reply) => void)[] = [];

  private constructor(child: ChildProcess, socket: Socket) {
    this.#child = child;
    this.#socket = socket;
    socket.on('data', (bytes) => {
      const lines = (this.#text + bytes.toString()).split('\n');
      this.#text = lines.pop() as string;
      for (const line of lines) {
        const reply = JSON.parse(line) as Reply;
        if ('return' in reply || 'error' in reply) this.#waiting.shift()?.(reply);
      }
    });
  }

  static async start(folder: string, name: string, size: string, backend: string, incoming?: string): Promise<Qemu> {
    const path = join(folder, `${name}-${Math.random().toString(36).slice(2)}.qmp`);
    const [kind, ...options] = backend.split(',');
    const object = [kind, 'id=ram', `size=${size}`, 'prealloc=on', ...options].join(',');
    const child = spawn(
      QEMU,
      [
        ...['-machine', 'pc,accel=tcg,memory-backend=ram', '-m', size, '-object', object],
        ...['-display', 'none', '-nodefaults', '-S', '-qmp', `unix:${path},server=on,wait=off`],
        ...(incoming === undefined ? [] : ['-incoming', incoming]),
      ],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    );
    const qemu = new Qemu(child, await socketAt(path));
    await qemu.ask('qmp_capabilities', {});
    return qemu;
  }

  ask(execute: string, args: object): Promise<Record<string, unknown>> {
    this.#socket.write(`${JSON.stringify({ execute, arguments: args })}\n`);
    return new Promise((done, fail) => {
      this.#waiting.push((reply) => {
        if (reply.return === undefined) fail(new Error(`QEMU ${execute}: ${JSON.stringify(reply.error)}`));
        else done(reply.return);
      });
    });
  }

  /** Peak resident memory cannot be asked for here: it is mapped, and in the case of the source shared. */
  async quit(): Promise<void> {
    const gone = new Promise<void>((done) => this.#child.once('exit', () => done()));
    this.#child.kill('SIGKILL');
    await gone;
    this.#socket.destroy();
  }
}

async function socketAt(path: string): Promise<Socket> {
  for (;;) {
    const socket = connect(path);
    const open = await new Promise<boolean>((told) => {
      socket.once('connect', () => told(true));
      socket.once('error', () => told(false));
    });
    if (open) return socket;
    await new Promise((turn) => setTimeout(turn, 20));
  }
}
