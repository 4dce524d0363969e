/**
 * The world of a chaos run in processes of this machine: a coordinator and a node for each host, the services' own
 * programs, with a fault proxy in front of each for everybody who dials it. They end with the bed, however it ends.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunnerClient, RunnerPorts } from '@skewbed/coordinator/core/runner-client.ts';
import { decode } from '@skewbed/proto/codec.ts';
import type { SkewbedError } from '@skewbed/proto/errors.ts';
import type { HistoryEvent } from '@skewbed/proto/history.ts';
import { type TrueNs, trueNs } from '@skewbed/proto/units.ts';
import { Access } from '@skewbed/runtime/live/access.ts';
import { coordinatorClock } from '@skewbed/runtime/live/clock.ts';
import { LiveNetwork } from '@skewbed/runtime/live/network.ts';
import { LiveTimers } from '@skewbed/runtime/live/timers.ts';
import { resolveToken } from '@skewbed/runtime/live/token.ts';
import type { Passage } from '@skewbed/runtime/sim/link.ts';
import { ServiceProcess } from '../../testbeds/service-process.ts';
import { machineCrash } from '../checkers/checker.ts';
import { nsOfMs } from '../duration.ts';
import { HostLinks } from '../host-links.ts';
import { COORDINATOR, type Pace } from '../run-bed.ts';
import type { Schedule } from '../schedule.ts';
import { nodeName } from '../sim-bed.ts';
import { watchStreams } from '../stream-watch.ts';
import { CONTROL_PATH, type Ends } from './connection.ts';
import { FaultProxy, type Route } from './fault-proxy.ts';
import { Heard } from './heard.ts';
import { journalLines } from './journal-lines.ts';
import { closeWithProcess } from './last-rites.ts';
import type { OpenRealBed, RealBed } from './real-bed.ts';
import { RealLink } from './real-link.ts';
import { RealMachine } from './real-machine.ts';

/** Commands go through processes that others on this machine may keep waiting. */
const PACE: Pace = { leadMs: 1500, moveLeadMs: 400, patienceMs: 15_000 };

export class ProcessBed implements RealBed {
  readonly testbed = 'processes';
  readonly pace = PACE;
  readonly leastQuietMs = 0;
  readonly heard = new Heard();
  readonly failures: SkewbedError[] = [];
  readonly runner: RunnerPorts;
  readonly start: TrueNs = coordinatorClock.now();
  readonly #schedule: Schedule;
  readonly #options: OpenRealBed;
  readonly #folder = mkdtempSync(join(tmpdir(), 'skewbed-chaos-'));
  readonly #token = resolveToken({}).token;
  readonly #timers = new LiveTimers(coordinatorClock);
  readonly #network: LiveNetwork;
  readonly #links = new Map<string, RealLink>();
  readonly #hostLinks = new Map<string, HostLinks>();
  readonly #machines = new Map<string, RealMachine>();
  readonly #ports = new Map<string, number | null>();
  readonly #proxies: FaultProxy[] = [];
  #origin: TrueNs = trueNs(0n);
  #coordinatorUrl = '';
  #stopped = false;
  #release: () => void = () => {};

  private constructor(schedule: Schedule, options: OpenRealBed) {
    this.#schedule = schedule;
    this.#options = options;
    this.#network = new LiveNetwork({ token: this.#token, access: new Access({ token: this.#token }) });
    this.runner = { clock: coordinatorClock, timers: this.#timers, network: this.#network, sync: null };
  }

  /** Starts the processes; close it. */
  static async open(schedule: Schedule, options: OpenRealBed): Promise<ProcessBed> {
    const bed = new ProcessBed(schedule, options);
    bed.#release = closeWithProcess(() => bed.close());
    try {
      await bed.#startAll();
      return bed;
    } catch (error) {
      await bed.close();
      throw error;
    }
  }

  get history(): readonly HistoryEvent[] {
    return this.heard.history;
  }

  get coordinatorUrl(): string {
    return this.#coordinatorUrl;
  }

  record(events: readonly HistoryEvent[]): void {
    this.heard.record(events);
  }

  setOrigin(origin: TrueNs): void {
    this.#origin = origin;
  }

  /** Nodes are heard by the proxy; of the coordinator only a runner hears. */
  listen(client: RunnerClient): void {
    this.heard.listen(client, { wanted: isCoordinators });
  }

  refuses(): null {
    return null;
  }

  migrationName(move: number): string {
    return `m${move}`;
  }

  link(host: string): HostLinks {
    return this.#hostLinks.get(host) as HostLinks;
  }

  process(name: string): RealMachine {
    return this.#machines.get(name) as RealMachine;
  }

  at(atMs: number, fire: () => void): void {
    this.#timers.at(trueNs(this.#origin + nsOfMs(atMs)), fire);
  }

  after(forMs: number, fire: () => void): void {
    this.#timers.at(trueNs(coordinatorClock.now() + nsOfMs(forMs)), fire);
  }

  /** Asks a node's API as a person does who has its token, past the proxy; gives the status, or that nobody is there. */
  async askNode(host: string, method: 'GET' | 'POST', path: string, body: object): Promise<number | 'gone'> {
    const port = this.#ports.get(nodeName(host)) ?? null;
    if (port === null || this.#stopped) return 'gone';
    const headers = { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' };
    const asked = { method, headers, ...(method === 'POST' ? { body: JSON.stringify(body) } : {}) };
    return fetch(`http://127.0.0.1:${port}${path}`, asked).then(
      ({ status }) => status,
      () => 'gone' as const,
    );
  }

  async journal(): Promise<readonly string[]> {
    return journalLines(this.#journalFile, this.start);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timers.cancelAll();
    await Promise.all([...this.#machines.values()].map((machine) => machine.end()));
    for (const proxy of this.#proxies) proxy.close();
    this.#network.shutDown();
  }

  async close(): Promise<void> {
    this.#release();
    await this.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #journalFile(): string {
    return join(this.#folder, 'journal');
  }

  async #startAll(): Promise<void> {
    const names = this.#schedule.hosts.map(({ name }) => name);
    const everywhere = names.map((host) => this.#linkOf(nodeName(host), COORDINATOR));
    for (const host of names) this.#hostLinks.set(host, this.#linksOf(host, names));
    const coordinator = new RealMachine({
      start: () => this.#service(COORDINATOR, { SKEWBED_JOURNAL: this.#journalFile }),
      links: new HostLinks(everywhere),
      listens: (url) => this.#listens(COORDINATOR, url),
      crashed: () => {},
      restarted: () => {},
      failed: (error) => this.failures.push(error),
      after: (forMs, fire) => this.after(forMs, fire),
    });
    this.#machines.set(COORDINATOR, coordinator);
    // Nodes dial until their coordinator is there.
    await Promise.all([coordinator.ready, ...names.map((host) => this.#startNode(host))]);
  }

  /** What leads from a host to the coordinator and to the others. */
  #linksOf(host: string, names: readonly string[]): HostLinks {
    const others = [COORDINATOR, ...names.filter((name) => name !== host).map(nodeName)];
    const links = others.map((other) => this.#linkOf(nodeName(host), other));
    const at = { node: nodeName(host), now: () => coordinatorClock.now() };
    for (const link of links) watchStreams(link, at, (event) => this.record([event]));
    return new HostLinks(links);
  }

  async #startNode(host: string): Promise<void> {
    const node = nodeName(host);
    const up = await this.#proxy(COORDINATOR, () => this.#route(node, COORDINATOR));
    const down = await this.#proxy(node, (target) => {
      const peer = target.searchParams.get('node');
      return this.#route(peer === null ? COORDINATOR : nodeName(peer), node);
    });
    const machine = new RealMachine({
      start: () =>
        this.#service(node, {
          SKEWBED_NODE_NAME: host,
          SKEWBED_COORDINATOR_URL: `http://127.0.0.1:${up}`,
          SKEWBED_NODE_URL: `http://127.0.0.1:${down}`,
        }),
      links: this.link(host),
      listens: (url) => this.#listens(node, url),
      crashed: () => this.record([machineCrash(coordinatorClock.now(), host)]),
      restarted: () => this.#options.restarted(host),
      failed: (error) => this.failures.push(error),
      after: (forMs, fire) => this.after(forMs, fire),
    });
    this.#machines.set(host, machine);
    await machine.ready;
  }

  #service(name: string, environment: Readonly<Record<string, string>>): ServiceProcess {
    const program = name === COORDINATOR ? '@skewbed/coordinator/main.ts' : '@skewbed/hypervisor-node/main.ts';
    return new ServiceProcess(name, program, {
      SKEWBED_TOKEN: this.#token,
      SKEWBED_LISTEN: '127.0.0.1:0',
      SKEWBED_LOG: 'error',
      ...environment,
    });
  }

  #listens(name: string, url: string | null): void {
    this.#ports.set(name, url === null ? null : Number(new URL(url).port));
    if (name === COORDINATOR && url !== null) this.#coordinatorUrl = url;
  }

  async #proxy(name: string, route: (target: URL) => Route | null): Promise<number> {
    const proxy = new FaultProxy({
      clock: coordinatorClock,
      timers: this.#timers,
      route,
      port: () => this.#ports.get(name) ?? null,
      hear: (passage) => this.#hear(passage),
      failed: (error) => this.failures.push(error),
      diallerGone: (ends) => this.#gone(ends),
    });
    this.#proxies.push(proxy);
    return proxy.listen();
  }

  #route(dialler: string, dialled: string): Route | null {
    const link = this.#links.get(keyOf(dialler, dialled));
    return link === undefined ? null : { link, dialler, dialled };
  }

  #linkOf(a: string, b: string): RealLink {
    const name = keyOf(a, b);
    let link = this.#links.get(name);
    if (link === undefined) {
      const make = this.#options.makeLink ?? ((...parts) => new RealLink(...parts));
      link = make(coordinatorClock, { seed: this.#schedule.seed, name });
      this.#links.set(name, link);
    }
    return link;
  }

  #hear({ from, path, message }: Passage): void {
    if (path !== CONTROL_PATH || from === COORDINATOR) return;
    const decoded = decode(message, 'control');
    if (decoded.type === 'event') this.heard.said(hostOf(from), decoded.events);
  }

  #gone({ path, dialler }: Ends): void {
    if (path === CONTROL_PATH && !this.#stopped) this.heard.lost(hostOf(dialler), coordinatorClock.now());
  }
}

const keyOf = (a: string, b: string): string => (a < b ? `${a} ${b}` : `${b} ${a}`);
const hostOf = (node: string): string => node.replace(/^node-/, '');

/** What the coordinator says by itself: nodes' events have their host, but for those that a restart was noticed of. */
const isCoordinators = (event: HistoryEvent): boolean =>
  event.host === undefined || (event.kind === 'failure' && event.code === 'guest-lost');
