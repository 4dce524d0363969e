/** Real processes, a real journal, and SIGKILL: what the simulator shows exhaustively, once more where fsync is fsync. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { RunnerClient } from '@skewbed/coordinator/core/runner-client.ts';
import { hostConfig } from '@skewbed/hypervisor-node/stage/move.ts';
import type { CommandName, CommandOf } from '@skewbed/proto/control/commands.ts';
import type { HistoryEvent } from '@skewbed/proto/history.ts';
import { Access } from '@skewbed/runtime/live/access.ts';
import { EstimatedClock } from '@skewbed/runtime/live/clock.ts';
import { LiveNetwork } from '@skewbed/runtime/live/network.ts';
import { LiveTimers } from '@skewbed/runtime/live/timers.ts';
import { afterEach, describe, expect, it } from 'vitest';

const TOKEN = 'a-token-for-tests-only';
const COORDINATOR = fileURLToPath(import.meta.resolve('@skewbed/coordinator/main.ts'));
const NODE = fileURLToPath(import.meta.resolve('@skewbed/hypervisor-node/main.ts'));

const endings: (() => void)[] = [];
afterEach(() => {
  for (const end of endings.splice(0).reverse()) end();
});

/** A service, and the URL of its ready line. */
async function start(main: string, args: readonly string[]): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, [main, ...args], {
    env: { PATH: process.env.PATH ?? '', SKEWBED_TOKEN: TOKEN },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  endings.push(() => child.kill('SIGKILL'));
  for await (const line of createInterface({ input: child.stdout })) return { child, url: JSON.parse(line).url };
  throw new Error(`${main} ended before it was ready`);
}

/** A runner: it asks, and tells what happened. */
async function connect(coordinatorUrl: string, happened: (event: HistoryEvent) => void) {
  const clock = new EstimatedClock();
  const timers = new LiveTimers(clock);
  clock.onAdjusted((steppedNs) => timers.clockAdjusted(steppedNs));
  const network = new LiveNetwork({ token: TOKEN, access: new Access({ token: TOKEN }) });
  const client = new RunnerClient({ clock, timers, network, sync: clock }, { name: 'runner', coordinatorUrl });
  client.onEvents((events) => events.forEach(happened));
  endings.push(() => {
    client.close();
    network.shutDown();
    timers.cancelAll();
  });
  await new Promise<void>((ready) => client.connect({ ready, closed: () => {} }));
  const ask = <N extends CommandName>(to: string, command: CommandOf<N> & { readonly command: N }): Promise<unknown> =>
    new Promise((done) => client.request<N>(to, command, done));
  return { clock, ask };
}

type Host = {
  readonly coordinator: string;
  readonly host: { readonly domains: readonly string[] };
  readonly migrations: readonly unknown[];
};
const shown = async (url: string): Promise<Host> => {
  const answer = await fetch(`${url}/v1/host`, { headers: { authorization: `Bearer ${TOKEN}` } });
  return (await answer.json()) as Host;
};

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await setTimeout(50);
}

describe('a coordinator that is killed', () => {
  it.each(['suspended', 'received', 'committed'])(
    "at '%s' and started again on its journal leaves one copy of the guest",
    async (phase) => {
      const folder = mkdtempSync(join(tmpdir(), 'skewbed-killed-'));
      endings.push(() => rmSync(folder, { recursive: true, force: true }));
      const journal = ['--journal', join(folder, 'journal')];
      const { child, url } = await start(COORDINATOR, journal);
      const nodes = await Promise.all(['a', 'b'].map((name) => start(NODE, ['--name', name, '--coordinator', url])));
      const nodeUrls = nodes.map((node) => node.url);
      const killed = new Promise<void>((ended) => child.once('exit', () => ended()));
      const { clock, ask } = await connect(url, (event) => {
        if (event.kind === 'migration' && event.phase === phase) child.kill('SIGKILL');
      });
      const ready = async () =>
        (await Promise.all(nodeUrls.map(shown))).every(({ coordinator }) => coordinator === 'ready');
      await until(ready);

      const origin = clock.now();
      for (const name of ['a', 'b'])
        await ask(name, { command: 'configure-host', config: { ...hostConfig(name), origin } });
      const spec = { name: 'guest', kernel: 'pvops-6.12', build: 'smp', vcpus: 1, pages: 2048, hz: 100 } as const;
      const rest = { patches: [], reader: 'off', writerPages: 16 } as const;
      const create = { type: 'create-domain', spec: { ...spec, ...rest } } as const;
      await ask('a', { command: 'step', at: null, event: create });
      await ask('a', { command: 'step', at: null, event: { type: 'unpause', domain: 'guest' } });
      const name = { migration: 'm1', domain: 'guest', from: 'a', to: 'b' } as const;
      const how = { restore: 'stream-v3', suspendAt: null, runAt: null, sourceWallAheadNs: 0n } as const;
      void ask('coordinator', { command: 'migrate', ...name, ...how });
      await killed;

      await start(COORDINATOR, [...journal, '--listen', new URL(url).host]);
      await until(async () => (await ready()) && (await openEnds(nodeUrls)) === 0);
      const domains = (await Promise.all(nodeUrls.map(shown))).flatMap(({ host }) => host.domains);
      expect(domains).toEqual(['guest']);
    },
    120_000,
  );
});

const openEnds = async (urls: readonly string[]): Promise<number> =>
  (await Promise.all(urls.map(shown))).reduce((sum, { migrations }) => sum + migrations.length, 0);
