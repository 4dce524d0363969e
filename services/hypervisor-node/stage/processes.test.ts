import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { RunnerClient } from '@skewbed/coordinator/core/runner-client.ts';
import type { CommandName, CommandOf, ResultOf } from '@skewbed/proto/control/commands.ts';
import type { HistoryEvent } from '@skewbed/proto/history.ts';
import { NS_PER_MS, NS_PER_S, trueNs } from '@skewbed/proto/units.ts';
import { Access } from '@skewbed/runtime/live/access.ts';
import { EstimatedClock } from '@skewbed/runtime/live/clock.ts';
import { LiveNetwork } from '@skewbed/runtime/live/network.ts';
import { LiveTimers } from '@skewbed/runtime/live/timers.ts';
import { afterEach, describe, expect, it } from 'vitest';
import { hostConfig } from './move.ts';

const TOKEN = 'a-token-for-tests-only';
const COORDINATOR = fileURLToPath(import.meta.resolve('@skewbed/coordinator/main.ts'));
const NODE = fileURLToPath(new URL('../main.ts', import.meta.url));

const endings: (() => void)[] = [];
afterEach(() => {
  for (const end of endings.splice(0).reverse()) end();
});

type Service = { readonly child: ChildProcess; readonly exit: Promise<number | null>; readonly errors: () => string };

function service(
  main: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = { SKEWBED_TOKEN: TOKEN },
): Service {
  const child = spawn(process.execPath, [main, ...args], {
    env: { PATH: process.env.PATH ?? '', ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  endings.push(() => child.kill('SIGKILL'));
  let errors = '';
  child.stderr.on('data', (text) => {
    errors += text;
  });
  return { child, exit: new Promise((resolve) => child.once('exit', resolve)), errors: () => errors };
}

/** The URL of its ready line. */
async function ready({ child, errors }: Service): Promise<string> {
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    const said = JSON.parse(line);
    expect(said).toEqual({ ready: true, url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) });
    return said.url;
  }
  throw new Error(`ended before it was ready: ${errors()}`);
}

function liveRunner(coordinatorUrl: string) {
  const clock = new EstimatedClock();
  const timers = new LiveTimers(clock);
  clock.onAdjusted((steppedNs) => timers.clockAdjusted(steppedNs));
  const network = new LiveNetwork({ token: TOKEN, access: new Access({ token: TOKEN }) });
  const client = new RunnerClient({ clock, timers, network, sync: clock }, { name: 'runner', coordinatorUrl });
  const events: HistoryEvent[] = [];
  client.onEvents((told) => events.push(...told));
  endings.push(() => {
    client.close();
    network.shutDown();
    timers.cancelAll();
  });
  const connected = new Promise<void>((resolve, reject) => client.connect({ ready: resolve, closed: reject }));
  const ask = <N extends CommandName>(
    to: string,
    command: CommandOf<N> & { readonly command: N },
  ): Promise<ResultOf<N>> =>
    new Promise((resolve, reject) => {
      client.request<N>(to, command, (outcome) => (outcome.ok ? resolve(outcome.result) : reject(outcome.error)));
    });
  return { clock, connected, ask, events };
}

const REFUSED = { code: 4401, reason: expect.stringContaining('bad-token') };

/** What somebody hears who dials the stream of migration m1 with another token. */
function refusalOf(url: string): Promise<{ code: number; reason: string }> {
  const token = 'a-token-of-somebody-else';
  const network = new LiveNetwork({ token, access: new Access({ token }) });
  endings.push(() => network.shutDown());
  const channel = network.dialStream(url.replace(/^http/, 'ws'), '/v1/streams/m1?node=b&epoch=1');
  return new Promise((refused) => {
    channel.handle({
      message: () => {},
      drained: () => {},
      closed: (code, reason) => refused({ code, reason }),
    });
  });
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe('services as processes', () => {
  it('move a guest of the model between two nodes over real sockets, and end when they are told', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'skewbed-'));
    endings.push(() => rmSync(folder, { recursive: true, force: true }));
    const coordinator = service(COORDINATOR, ['--journal', join(folder, 'journal')]);
    const url = await ready(coordinator);
    const nodes = ['a', 'b'].map((name) => service(NODE, ['--name', name, '--coordinator', url]));
    const [nodeUrl] = await Promise.all(nodes.map(ready));
    const { clock, connected, ask, events } = liveRunner(url);
    await connected;
    await until(async () => (await ask('coordinator', { command: 'nodes' })).nodes.length === 2);

    const origin = clock.now();
    await ask('a', { command: 'configure-host', config: { ...hostConfig('a'), origin, uptimeSkew: '1000000s' } });
    await ask('b', { command: 'configure-host', config: { ...hostConfig('b'), origin, uptimeSkew: '200000s' } });
    await ask('a', {
      command: 'step',
      at: null,
      event: {
        type: 'create-domain',
        spec: {
          name: 'guest',
          kernel: 'pvops-6.12',
          build: 'smp',
          vcpus: 1,
          pages: 2048,
          hz: 100,
          patches: [],
          reader: 'off',
          writerPages: 16,
        },
      },
    });
    await ask('a', { command: 'step', at: null, event: { type: 'unpause', domain: 'guest' } });
    const suspendAt = trueNs(clock.now() + 1000n * NS_PER_MS);
    const knocked = [url, nodeUrl as string].map((to) => refusalOf(to));
    const moved = await ask('coordinator', {
      command: 'migrate',
      migration: 'm1',
      domain: 'guest',
      from: 'a',
      to: 'b',
      restore: 'stream-v3',
      suspendAt,
      runAt: trueNs(suspendAt + 2n * NS_PER_S),
      sourceWallAheadNs: 0n,
    });
    expect(moved.pausedForNs).toBe(moved.runAt - suspendAt);
    expect(await Promise.all(knocked)).toEqual([REFUSED, REFUSED]);
    expect((await ask('b', { command: 'read-clocks' })).domains).toEqual(['guest']);
    expect((await ask('a', { command: 'read-clocks' })).domains).toEqual([]);
    await until(async () => events.some(({ kind, host }) => kind === 'guest-started' && host === 'b'));
    const started = events.find(({ kind, host }) => kind === 'guest-started' && host === 'b');
    // However late the event loop of that process woke: the instant of the model is exact.
    expect(started?.at).toBe(moved.runAt);
    expect(events.filter(({ kind }) => kind === 'failure')).toEqual([]);
    expect(readFileSync(join(folder, 'journal'), 'utf8')).toContain('"committed"');

    const shown = await fetch(`${nodeUrl}/v1/host`, { headers: { authorization: `Bearer ${TOKEN}` } });
    expect(await shown.json()).toMatchObject({ node: 'a', coordinator: 'ready', host: { name: 'a', domains: [] } });

    nodes[0]?.child.kill('SIGTERM');
    nodes[1]?.child.stdin?.end();
    coordinator.child.kill('SIGINT');
    expect(await Promise.all([...nodes, coordinator].map(({ exit }) => exit))).toEqual([0, 0, 0]);
    for (const each of [...nodes, coordinator]) expect(each.errors()).not.toContain(TOKEN);
  });

  it('take no node whose token is another, and say so', async () => {
    const coordinator = service(COORDINATOR, []);
    const url = await ready(coordinator);
    const other = { SKEWBED_TOKEN: 'a-token-of-somebody-else' };
    const node = service(NODE, ['--name', 'a', '--coordinator', url], other);
    await ready(node);
    let log = '';
    node.child.stdout?.on('data', (text) => {
      log += text;
    });
    await until(async () => `${log}${node.errors()}`.includes('bad-token'));
    const nodes = await fetch(`${url}/v1/nodes`, { headers: { authorization: `Bearer ${TOKEN}` } });
    expect(await nodes.json()).toMatchObject({ nodes: [] });
    expect(`${log}${node.errors()}`).not.toContain(other.SKEWBED_TOKEN);
  });

  it('make a random token when none is set, say it once and how to use it, and keep it out of the log', async () => {
    const coordinator = service(COORDINATOR, [], {});
    const url = await ready(coordinator);
    const said = coordinator.errors();
    const token = /SKEWBED_TOKEN=(\S+)/.exec(said)?.[1] ?? '';
    expect(token.length).toBeGreaterThanOrEqual(16);
    expect(said.split(token)).toHaveLength(2);
    expect((await fetch(`${url}/v1/nodes`, { headers: { authorization: `Bearer ${token}` } })).status).toBe(200);
    expect((await fetch(`${url}/v1/nodes`)).status).toBe(401);
  });

  it.each([
    ['a random token on all addresses', ['--listen', '0.0.0.0:0'], {}, 'set SKEWBED_TOKEN'],
    ['a flag that is none', ['--jornal', 'x'], { SKEWBED_TOKEN: TOKEN }, '--jornal'],
    ['a token that is too short', [], { SKEWBED_TOKEN: 'short' }, 'openssl rand'],
    ['an address that is none', ['--listen', 'x'], { SKEWBED_TOKEN: TOKEN }, 'write it like'],
  ])('refuse %s, with a message and exit code 254', async (_what, args, environment, message) => {
    const coordinator = service(COORDINATOR, args, environment);
    expect(await coordinator.exit).toBe(254);
    expect(coordinator.errors()).toContain(message);
  });

  it('refuse a journal that another coordinator has open, and take it once that one is killed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'skewbed-'));
    endings.push(() => rmSync(folder, { recursive: true, force: true }));
    const journal = ['--journal', join(folder, 'journal')];
    const first = service(COORDINATOR, journal);
    await ready(first);
    const second = service(COORDINATOR, journal);
    expect(await second.exit).toBe(254);
    expect(second.errors()).toMatch(/journal-busy: journal \S+ is open in another coordinator: stop that one/);
    first.child.kill('SIGKILL');
    await first.exit;
    await ready(service(COORDINATOR, journal));
  });

  it('explain themselves', async () => {
    const node = service(NODE, ['--help'], {});
    let help = '';
    node.child.stdout?.on('data', (text) => {
      help += text;
    });
    expect(await node.exit).toBe(0);
    expect(help).toContain('SKEWBED_COORDINATOR_URL');
  });
});
