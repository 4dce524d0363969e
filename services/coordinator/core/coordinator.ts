/**
 * The coordinator: knows nodes and runners, passes requests to nodes and replies back, fans events out, runs migrations
 * and keeps their journal. It never runs a scenario. Evented and synchronous: ports call in, effects go out.
 */

import { CLOSE_CODE } from '@skewbed/proto/close-codes.ts';
import { encode } from '@skewbed/proto/codec.ts';
import { COMMANDS, type Command, type Result, type ResultOf } from '@skewbed/proto/control/commands.ts';
import type { MessageOf } from '@skewbed/proto/control/registry.ts';
import { codedError, SkewbedError } from '@skewbed/proto/errors.ts';
import type { HistoryEvent } from '@skewbed/proto/history.ts';
import { EVENTS_PER_MESSAGE_MAX, NODES_MAX, RUNNERS_MAX } from '@skewbed/proto/limits.ts';
import { wireText } from '@skewbed/proto/wire-error.ts';
import type { Clock } from '@skewbed/runtime/ports/clock.ts';
import type { Journal } from '@skewbed/runtime/ports/journal.ts';
import type { Log } from '@skewbed/runtime/ports/log.ts';
import type { Channel, Network } from '@skewbed/runtime/ports/network.ts';
import type { Timers } from '@skewbed/runtime/ports/timers.ts';
import { CONTROL_PATH, channelUrl } from './control-link.ts';
import { ControlPeer, type Hello, type Ready } from './control-peer.ts';
import { HistoryLog } from './history-log.ts';
import type { MigrationDesk } from './migration-desk.ts';
import { MigrationJournal } from './migration-journal.ts';
import { CoordinatorMigrations, type MigrationSummary, STREAMS_PATH } from './migrations.ts';
import { type Answer, NodeLink } from './node-link.ts';

export type CoordinatorPorts = {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly network: Network;
  readonly journal: Journal;
  readonly log: Log;
};

export type NodeSummary = { readonly name: string; readonly url: string; readonly uncertaintyNs: bigint };

export type ClockReading = { readonly node: string } & Pick<
  ResultOf<'read-clocks'>,
  'at' | 'wallNs' | 'uptimeNs' | 'domains'
>;

export class CoordinatorCore {
  /** What happened lately, numbered. */
  readonly history = new HistoryLog();
  readonly #ports: CoordinatorPorts;
  readonly #journal: MigrationJournal;
  readonly #migrations: CoordinatorMigrations;
  /** Names that said hello and are still connected, ready or not. */
  readonly #names = new Map<string, Hello['role']>();
  readonly #nodes = new Map<string, NodeLink>();
  readonly #runners = new Map<string, ControlPeer>();
  /** Nodes that were here since this coordinator started. */
  readonly #seen = new Set<string>();
  /** Who knocks before the epoch is durable; null from then on. */
  #waiting: (() => void)[] | null = [];

  /** Reads the journal. Throws 'bad-journal' when that is none. */
  constructor(ports: CoordinatorPorts) {
    this.#ports = ports;
    this.#journal = new MigrationJournal(ports.journal, ports.clock);
    this.#migrations = new CoordinatorMigrations(this.#desk());
  }

  start(): void {
    this.#ports.network.accept((path, query, channel) => {
      if (this.#waiting === null) this.#accept(path, query, channel);
      else this.#waiting.push(() => this.#accept(path, query, channel));
    });
    this.#journal.open(this.#ports.clock.now(), () => {
      const waiting = this.#waiting ?? [];
      this.#waiting = null;
      for (const knock of waiting) knock();
    });
    this.#migrations.abortOpen();
  }

  /** The nodes that are connected and ready, by name. */
  nodes(): NodeSummary[] {
    return [...this.#nodes.values()]
      .map(({ name, url, uncertaintyNs }) => ({ name, url, uncertaintyNs }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Asks every node for the clocks of its host. A node without a host, or without an answer, is left out. */
  readClocks(done: (readings: readonly ClockReading[]) => void): void {
    const links = [...this.#nodes.values()];
    const readings: ClockReading[] = [];
    let left = links.length;
    if (left === 0) done(readings);
    for (const link of links) {
      link.order({ command: 'read-clocks', at: null }, (outcome) => {
        if (!(outcome instanceof SkewbedError) && outcome.command === 'read-clocks') {
          const { at, wallNs, uptimeNs, domains } = outcome;
          readings.push({ node: link.name, at, wallNs, uptimeNs, domains });
        }
        left -= 1;
        if (left === 0) done(readings);
      });
    }
  }

  migrations(): MigrationSummary[] {
    return this.#migrations.summaries();
  }

  #desk(): MigrationDesk {
    const { clock, timers, network } = this.#ports;
    return {
      clock,
      timers,
      journal: this.#journal,
      order: (node, command, done) => {
        const link = this.#nodes.get(node);
        if (link !== undefined) link.order(command, done);
        else timers.at(clock.now(), () => done(new SkewbedError('not-connected', `node ${node} is not connected`)));
      },
      isConnected: (node) => this.#nodes.has(node),
      uncertaintyOf: (node) => this.#nodes.get(node)?.uncertaintyNs ?? 0n,
      urlOf: (node) => this.#node(node).url,
      dialNode: (node, path) => network.dialStream(channelUrl(this.#node(node).url), path),
      record: (event) => this.#publish([event]),
    };
  }

  #accept(path: string, query: ReadonlyMap<string, string>, channel: Channel): void {
    if (path === CONTROL_PATH) {
      const { epoch, bornAt } = this.#journal;
      const peer: ControlPeer = new ControlPeer(
        channel,
        this.#ports,
        { epoch, journal: bornAt },
        {
          admit: (hello) => this.#admit(hello),
          ready: (hello, ready) => this.#peerReady(peer, hello, ready),
          message: (hello, message, bytes) => this.#message(peer, hello, message, bytes),
          closed: (hello, error) => this.#peerClosed(peer, hello, error),
        },
      );
    } else if (path.startsWith(STREAMS_PATH)) this.#migrations.accept(path, query, channel);
    else channel.close(CLOSE_CODE.NOT_FOUND, `nothing is at ${path.slice(0, 80)}`);
  }

  #admit(hello: Hello): void {
    const { name, role } = hello;
    if (name === 'coordinator' || this.#names.has(name)) {
      throw new SkewbedError('already-exists', `the name ${name} is taken; stop the other one, or take another name`);
    }
    const most = role === 'node' ? NODES_MAX : RUNNERS_MAX;
    const there = [...this.#names.values()].filter((each) => each === role).length;
    if (there >= most) throw new SkewbedError('limit-exceeded', `${there} ${role}s are connected; at most ${most}`);
    this.#names.set(name, role);
  }

  #peerReady(peer: ControlPeer, hello: Hello, ready: Ready): void {
    const { name, role, checksums } = hello;
    const { uncertaintyNs } = ready;
    this.#ports.log.info({ peer: name, role, uncertaintyNs }, 'ready');
    if (role === 'runner') {
      this.#runners.set(name, peer);
      return;
    }
    this.#nodes.set(name, new NodeLink({ name, url: hello.url ?? '', checksums, uncertaintyNs }, peer, this.#ports));
    if (ready.fresh && this.#seen.has(name)) this.#restarted(name);
    this.#seen.add(name);
    this.#migrations.nodeReady(name, ready.open);
  }

  #restarted(host: string): void {
    const message = `node ${host} was restarted: every guest on it died with it`;
    this.#publish([{ at: this.#ports.clock.now(), host, kind: 'failure', code: 'guest-lost', message }]);
  }

  #peerClosed(peer: ControlPeer, hello: Hello | null, error: SkewbedError): void {
    this.#ports.log.info({ peer: hello?.name, code: error.code }, error.message);
    if (hello === null) return;
    this.#names.delete(hello.name);
    if (this.#runners.get(hello.name) === peer) this.#runners.delete(hello.name);
    const link = this.#nodes.get(hello.name);
    if (hello.role !== 'node' || link === undefined) return;
    this.#nodes.delete(hello.name);
    link.lost(error);
    this.#migrations.nodeLost(hello.name);
  }

  #message(
    peer: ControlPeer,
    hello: Hello,
    message: MessageOf<'request' | 'reply' | 'event' | 'still-open'>,
    bytes: Uint8Array,
  ): void {
    switch (message.type) {
      case 'event':
        this.history.append(message.events);
        this.#tellRunners(bytes);
        return;
      case 'reply':
        this.#nodes.get(hello.name)?.answered(message);
        return;
      case 'still-open':
        this.#migrations.stillOpen(hello.name, message.open);
        return;
      case 'request':
        this.#request(message, (outcome) => {
          if (outcome instanceof SkewbedError) {
            peer.send({
              type: 'reply',
              id: message.id,
              ok: false,
              code: outcome.code,
              message: wireText(outcome.message),
            });
          } else peer.send({ type: 'reply', id: message.id, ok: true, result: outcome });
        });
        return;
      default:
        message satisfies never;
    }
  }

  #request({ to, command }: MessageOf<'request'>, answer: Answer): void {
    try {
      const row = COMMANDS[command.command];
      if (row.from !== 'runner')
        throw new SkewbedError('wrong-role', `'${command.command}' is an order of the coordinator, not of a runner`);
      if ((row.to === 'coordinator') !== (to === 'coordinator')) {
        throw new SkewbedError(
          'bad-argument',
          `'${command.command}' is for ${row.to === 'coordinator' ? 'the coordinator' : 'a node'}, and was sent to ${to}`,
        );
      }
      if (row.to === 'node') this.#node(to).relay(command, answer);
      else this.#execute(command, answer);
    } catch (thrown) {
      answer(codedError(thrown));
    }
  }

  #execute(command: Command, answer: (outcome: Result | SkewbedError) => void): void {
    switch (command.command) {
      case 'nodes':
        answer({ command: 'nodes', nodes: this.nodes() });
        return;
      case 'history':
        answer({
          command: 'history',
          ...this.history.page(command.from, Math.min(command.most, EVENTS_PER_MESSAGE_MAX)),
        });
        return;
      case 'migrate':
        this.#migrations.begin(
          command,
          { from: this.#node(command.from).checksums, to: this.#node(command.to).checksums },
          answer,
        );
        return;
      case 'migrate-set':
      case 'migrate-cancel':
        this.#migrations.change(command, (error) =>
          answer(error ?? { command: command.command, migration: command.migration }),
        );
        return;
      default:
        throw new SkewbedError('bad-argument', `'${command.command}' is no command for the coordinator`);
    }
  }

  #node(name: string): NodeLink {
    const link = this.#nodes.get(name);
    if (link !== undefined) return link;
    const there = [...this.#nodes.keys()].join(', ') || 'none';
    throw new SkewbedError('not-connected', `node ${name} is not connected; connected are: ${there}`);
  }

  #publish(events: readonly HistoryEvent[]): void {
    this.history.append(events);
    this.#tellRunners(encode({ type: 'event', events }));
  }

  #tellRunners(message: Uint8Array): void {
    for (const runner of [...this.#runners.values()]) runner.sendEncoded(message);
  }
}
