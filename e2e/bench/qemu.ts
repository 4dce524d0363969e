/**
 * QEMU moving a guest of the same size with the same pages: `migrate tcp:` of a stopped guest whose memory is a file in
 * /dev/shm, into a second QEMU whose memory is touched beforehand, directly or through socat. Driven over QMP.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

/** What a run took, of the clock and of all processors of its processes together. */
export type QemuRun = { readonly seconds: number; readonly allCpuSeconds: number };

/** Moves it once. `relay` starts something in front of the target's port and says its own. */
export async function migrateQemu(
  memory: QemuMemory,
  relay: ((port: number) => Promise<Relay>) | null,
): Promise<QemuRun> {
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
    const pids = [source.pid, target.pid, ...(between === null ? [] : [between.pid])];
    const cpu = cpuSecondsOf(pids);
    const start = monotonicNs();
    await source.ask('migrate', { uri: `tcp:127.0.0.1:${between?.port ?? port}` });
    // It tells by events: who asks again and again takes away half of a processor.
    await Promise.all([source.completed(), target.completed()]);
    const seconds = Number(monotonicNs() - start) / 1e9;
    const allCpuSeconds = cpuSecondsOf(pids) - cpu;
    // Its own count has a resolution of 1 ms and is at times 0 just after the end.
    const total = Number((await source.ask('query-migrate', {}))['total-time']) / 1000;
    return { seconds: total > 0 ? total : seconds, allCpuSeconds };
  } finally {
    between?.close();
    await Promise.all([source.quit(), target.quit()]);
  }
}

/**
 * How long a guest of QEMU's stands still that runs its firmware and has no disk, migrated live: from the event STOP of
 * the source to RESUME of the target, and what query-migrate says of it. `relay` as above.
 */
export async function qemuDowntime(
  memory: QemuMemory,
  relay: (port: number) => Promise<Relay>,
): Promise<{ readonly eventsMs: number; readonly toldMs: number }> {
  const port = 20_000 + Math.floor(Math.random() * 20_000);
  const size = `${(memory.pages * PAGE_SIZE) / 1024 ** 2}M`;
  const file = `memory-backend-file,mem-path=${memory.path},share=on`;
  const source = await Qemu.start(memory.folder, 'source', size, file);
  const target = await Qemu.start(memory.folder, 'target', size, 'memory-backend-ram', `tcp:127.0.0.1:${port}`);
  const between = await relay(port);
  try {
    await source.ask('cont', {});
    // The firmware looks for a disk.
    await new Promise((booted) => setTimeout(booted, 2000));
    await source.ask('migrate-set-parameters', { 'max-bandwidth': 100 * 1024 ** 3, 'downtime-limit': 1 });
    // It goes on there at once, as the guest had been running.
    await target.ask('cont', {});
    await source.ask('migrate', { uri: `tcp:127.0.0.1:${between.port}` });
    await Promise.all([source.completed(), target.completed()]);
    const resumedAt = await target.when('RESUME');
    const toldMs = Number((await source.ask('query-migrate', {})).downtime);
    return { eventsMs: resumedAt - (await source.when('STOP')), toldMs };
  } finally {
    between.close();
    await Promise.all([source.quit(), target.quit()]);
  }
}

export type Relay = { readonly port: number; readonly pid: number; close(): void };

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
  return { port: own, pid: child.pid as number, close: () => child.kill() };
}

/** Processor time of these processes so far, user and system: fields 14 and 15 of /proc/<pid>/stat, in 1/100 s. */
function cpuSecondsOf(pids: readonly number[]): number {
  let ticks = 0;
  for (const pid of pids) {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks / 100;
}

type Reply = {
  return?: Record<string, unknown>;
  error?: unknown;
  event?: string;
  data?: { status?: string };
  timestamp?: { seconds: number; microseconds: number };
};

class Qemu {
  readonly #child: ChildProcess;
  readonly #socket: Socket;
  #text = '';
  #waiting: ((reply: Reply) => void)[] = [];
  readonly #completed: Promise<void>;
  /** When the last event of each name came, ms of its own time stamp. */
  readonly #events = new Map<string, number>();

  private constructor(child: ChildProcess, socket: Socket) {
    this.#child = child;
    this.#socket = socket;
    let complete: () => void;
    let fail: (error: Error) => void;
    this.#completed = new Promise((done, failed) => {
      complete = done;
      fail = failed;
    });
    // A run that ended otherwise must not end the benchmark a second time.
    this.#completed.catch(() => undefined);
    socket.on('data', (bytes) => {
      const lines = (this.#text + bytes.toString()).split('\n');
      this.#text = lines.pop() as string;
      for (const line of lines) {
        const reply = JSON.parse(line) as Reply;
        if ('return' in reply || 'error' in reply) this.#waiting.shift()?.(reply);
        if (reply.event !== undefined && reply.timestamp !== undefined)
          this.#events.set(reply.event, reply.timestamp.seconds * 1000 + reply.timestamp.microseconds / 1000);
        if (reply.event !== 'MIGRATION') continue;
        if (reply.data?.status === 'completed') complete();
        if (reply.data?.status === 'failed') fail(new Error('QEMU says that its migration failed'));
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
    await qemu.ask('migrate-set-capabilities', { capabilities: [{ capability: 'events', state: true }] });
    return qemu;
  }

  /** The time stamp of the last event of that name, ms; waits for one. */
  async when(event: string): Promise<number> {
    for (;;) {
      const at = this.#events.get(event);
      if (at !== undefined) return at;
      await new Promise((turn) => setTimeout(turn, 5));
    }
  }

  /** The migration to or from it is over. */
  completed(): Promise<void> {
    return this.#completed;
  }

  get pid(): number {
    return this.#child.pid as number;
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
