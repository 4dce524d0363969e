/**
 * The services themselves for a benchmark: a coordinator with a journal on a disk, two nodes, and this process as their
 * runner, over loopback. Nothing is left out of a migration here: guests of the model that run, log-dirty, digests, votes,
 * the fsynced line. Each set is started fresh, so that the first migration of a cold process can be told from later ones.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RunnerClient } from '@skewbed/coordinator/core/runner-client.ts';
import { ServiceProcess } from '@skewbed/experiments/testbeds/service-process.ts';
import type { CommandName, CommandOf, ResultOf } from '@skewbed/proto/control/commands.ts';
import { STOP_AND_COPY, type Transfer } from '@skewbed/proto/control/transfer.ts';
import type { EventOf, HistoryEvent, HistoryKind } from '@skewbed/proto/history.ts';
import { HOST_FRAMES_MAX } from '@skewbed/proto/limits.ts';
import { NS_PER_S, type TrueNs, trueNs } from '@skewbed/proto/units.ts';
import { Access } from '@skewbed/runtime/live/access.ts';
import { EstimatedClock } from '@skewbed/runtime/live/clock.ts';
import { LiveNetwork } from '@skewbed/runtime/live/network.ts';
import { LiveTimers } from '@skewbed/runtime/live/timers.ts';

const TOKEN = 'benchmark-on-loopback';
/** 2008-11-27: any wall will do. */
const UTC_NS = 1_227_774_104n * NS_PER_S;

export type HostName = 'a' | 'b';
export type Who = 'coordinator' | HostName;

/** Resident memory of a process: now, and at most so far. */
export type Residence = { readonly nowBytes: number; readonly peakBytes: number };

export type BenchGuest = {
  readonly name: string;
  readonly host: HostName;
  readonly pages: number;
  /** Pages that its writer goes round, and how many of them it writes a tick; none for an idle guest. */
  readonly writerPages?: number;
  readonly writerRate?: number;
};

export class Services {
  readonly #processes: Readonly<Record<Who, ServiceProcess>>;
  readonly #folder: string;
  readonly #client: RunnerClient;
  readonly #stop: () => void;
  #events: HistoryEvent[] = [];

  private constructor(
    processes: Readonly<Record<Who, ServiceProcess>>,
    folder: string,
    client: RunnerClient,
    stop: () => void,
  ) {
    this.#processes = processes;
    this.#folder = folder;
    this.#client = client;
    this.#stop = stop;
    client.onEvents((events) => this.#events.push(...events));
  }

  /** Starts them, and makes a host on each node: of 4 GiB, if nothing else is said. */
  static async open({ frames = HOST_FRAMES_MAX }: { readonly frames?: number } = {}): Promise<Services> {
    const folder = mkdtempSync(join(tmpdir(), 'skewbed-bench-'));
    const environment = { SKEWBED_TOKEN: TOKEN, SKEWBED_LISTEN: '127.0.0.1:0', SKEWBED_LOG: 'warn' };
    const coordinator = new ServiceProcess('coordinator', '@skewbed/coordinator/main.ts', {
      ...environment,
      SKEWBED_JOURNAL: join(folder, 'journal'),
    });
    const coordinatorUrl = await coordinator.ready;
    const node = (name: HostName): ServiceProcess =>
      new ServiceProcess(`node ${name}`, '@skewbed/hypervisor-node/main.ts', {
        ...environment,
        SKEWBED_NODE_NAME: name,
        SKEWBED_COORDINATOR_URL: coordinatorUrl,
      });
    const processes = { coordinator, a: node('a'), b: node('b') };
    await Promise.all([processes.a.ready, processes.b.ready]);
    const clock = new EstimatedClock();
    const timers = new LiveTimers(clock);
    clock.onAdjusted((steppedNs) => timers.clockAdjusted(steppedNs));
    const network = new LiveNetwork({ token: TOKEN, access: new Access({ token: TOKEN }) });
    const client = new RunnerClient({ clock, timers, network, sync: clock }, { name: 'bench', coordinatorUrl });
    const services = new Services(processes, folder, client, () => {
      client.close();
      network.shutDown();
      timers.cancelAll();
    });
    await new Promise<void>((ready, fail) => client.connect({ ready, closed: fail }));
    while ((await services.ask('coordinator', { command: 'nodes' })).nodes.length < 2) await pause(20);
    for (const name of ['a', 'b'] as const) await services.#configure(name, frames, trueNs(clock.now()));
    return services;
  }

  ask<N extends CommandName>(to: Who, command: CommandOf<N> & { readonly command: N }): Promise<ResultOf<N>> {
    return new Promise((done, fail) => {
      this.#client.request<N>(to, command, (outcome) => (outcome.ok ? done(outcome.result) : fail(outcome.error)));
    });
  }

  /** A guest that runs. */
  async createGuest({ name, host, pages, writerPages = 0, writerRate = 1 }: BenchGuest): Promise<void> {
    const rest = { kernel: 'pvops-6.12', build: 'smp', vcpus: 1, hz: 100, patches: [], reader: 'off' } as const;
    const spec = { ...rest, name, pages, writerPages, writerRate };
    await this.ask(host, { command: 'step', at: null, event: { type: 'create-domain', spec } });
    await this.ask(host, { command: 'step', at: null, event: { type: 'unpause', domain: name } });
  }

  /** Lets every guest do what it has left for later, and throws when one of them has lost a page. */
  async audit(): Promise<void> {
    this.forget();
    for (const host of ['a', 'b'] as const)
      await this.ask(host, { command: 'step', at: null, event: { type: 'audit' } });
    const lost = this.eventsOf('writer-checked').filter(({ badPages }) => badPages.length > 0);
    const broken = this.eventsOf('memory-audit').filter(({ ok }) => !ok);
    for (const { domain } of [...lost, ...broken]) throw new Error(`guest ${domain} has lost memory`);
  }

  /** Moves a guest to the other host while it runs, and names the migration after both. */
  migrate(
    name: string,
    guest: { readonly name: string; readonly from: HostName },
    transfer: Partial<Transfer> = {},
  ): Promise<ResultOf<'migrate'>> {
    return this.ask('coordinator', {
      command: 'migrate',
      migration: name,
      domain: guest.name,
      from: guest.from,
      to: otherHost(guest.from),
      restore: 'stream-v3',
      suspendAt: null,
      runAt: null,
      sourceWallAheadNs: 0n,
      transfer: { ...STOP_AND_COPY, precopy: { policy: 'xen' }, ...transfer },
    });
  }

  /** What has been told of this kind since the last call of forget(). */
  eventsOf<K extends HistoryKind>(kind: K): EventOf<K>[] {
    return this.#events.filter((event): event is EventOf<K> => event.kind === kind);
  }

  forget(): void {
    this.#events = [];
  }

  /** Bytes of each migration's stream that the coordinator has carried so far. */
  async carried(): Promise<ReadonlyMap<string, number>> {
    const { ready } = this.#processes.coordinator;
    const answer = await fetch(`${await ready}/v1/migrations`, { headers: { authorization: `Bearer ${TOKEN}` } });
    const { migrations } = (await answer.json()) as { migrations: { migration: string; bytes: number }[] };
    return new Map(migrations.map(({ migration, bytes }) => [migration, bytes]));
  }

  residence(who: Who): Residence {
    return residenceOf(this.#processes[who].pid);
  }

  async close(): Promise<void> {
    this.#stop();
    await Promise.all(Object.values(this.#processes).map((each) => each.stop()));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #configure(name: HostName, frames: number, origin: TrueNs): Promise<unknown> {
    return this.ask(name, {
      command: 'configure-host',
      config: {
        name,
        origin,
        wallSkew: '+0s',
        utcAtZeroNs: UTC_NS,
        uptimeSkew: name === 'a' ? '1000000s' : '200000s',
        ntpPeriodNs: null,
        tscHz: 2_000_000_000n,
        frames,
        mfnSalt: name === 'a' ? 1 : 2,
        patches: [],
        domctl51: false,
      },
    });
  }
}

export const otherHost = (host: HostName): HostName => (host === 'a' ? 'b' : 'a');

/** VmRSS and VmHWM of /proc/<pid>/status. */
export function residenceOf(pid: number): Residence {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const of = (field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? Number.NaN) * 1024;
  return { nowBytes: of('VmRSS'), peakBytes: of('VmHWM') };
}

export const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
