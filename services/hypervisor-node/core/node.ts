/**
 * One hypervisor node: a host of the model on true time, a link to the coordinator, migrations. Evented and synchronous:
 * ports call in, effects go out, so that the simulator runs the same code as a process does.
 * A node that loses its coordinator keeps its guests running and dials again, more and more slowly.
 */

import { ControlLink, channelUrl, type LinkMessage } from '@skewbed/coordinator/core/control-link.ts';
import type { Command, Result } from '@skewbed/proto/control/commands.ts';
import { codedError, SkewbedError } from '@skewbed/proto/errors.ts';
import { REDIAL_FIRST_NS, REDIAL_LONGEST_NS } from '@skewbed/proto/limits.ts';
import { type DurationNs, type TrueNs, trueNs } from '@skewbed/proto/units.ts';
import { wireText } from '@skewbed/proto/wire-error.ts';
import type { Checksums } from '@skewbed/runtime/ports/checksum.ts';
import type { Clock } from '@skewbed/runtime/ports/clock.ts';
import type { ClockSync } from '@skewbed/runtime/ports/clock-sync.ts';
import type { Log } from '@skewbed/runtime/ports/log.ts';
import type { Network } from '@skewbed/runtime/ports/network.ts';
import type { Random } from '@skewbed/runtime/ports/random.ts';
import type { Timer, Timers } from '@skewbed/runtime/ports/timers.ts';
import type { Decision } from './doubts.ts';
import { Fence } from './fence.ts';
import { HostDriver, type HostGlimpse } from './host-driver.ts';
import { Migrations, type OpenMigration } from './migrations.ts';
import { Outbox } from './outbox.ts';
import type { OwnClocks } from './own-clocks.ts';
import type { World } from './world.ts';

export type NodePorts = {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly network: Network;
  readonly log: Log;
  readonly random: Random;
  readonly checksums: Checksums;
  /** Null where the clock is true already (simulator). */
  readonly sync: ClockSync | null;
};

export type NodeOptions = {
  readonly name: string;
  /** Where the coordinator reaches this node's stream sockets. A function where the port is not known yet. */
  readonly url: string | (() => string);
  readonly coordinatorUrl: string;
  /** Clocks that this node has before anybody configures a host, or whatever anybody configures. */
  readonly ownClocks?: OwnClocks;
};

export type NodeStatus = {
  readonly name: string;
  readonly coordinator: 'away' | 'greeting' | 'ready';
  readonly at: TrueNs;
  readonly uncertaintyNs: bigint;
  /** Null before the first configure-host. */
  readonly host: HostGlimpse | null;
  readonly migrations: readonly OpenMigration[];
};

/** An answer, now or later. */
type Answer = (outcome: Result | SkewbedError) => void;

export class NodeCore {
  readonly #ports: NodePorts;
  readonly #world: World;
  readonly #options: NodeOptions;
  readonly #outbox: Outbox;
  readonly #driver: HostDriver;
  readonly #migrations: Migrations;
  readonly #fence = new Fence();
  /** Until a coordinator has heard that this process is new. */
  #fresh = true;
  #link: ControlLink | null = null;
  #redialAfterNs = REDIAL_FIRST_NS;
  #redial: Timer | null = null;
  #stopped = false;

  constructor(ports: NodePorts, world: World, options: NodeOptions) {
    this.#ports = ports;
    this.#world = world;
    this.#options = options;
    this.#outbox = new Outbox(ports, () => options.name);
    this.#driver = new HostDriver(ports, (events) => this.#outbox.add(events));
    this.#migrations = new Migrations({
      driver: this.#driver,
      checksums: ports.checksums,
      record: (events) => this.#outbox.add(events),
      dial: (path) => ports.network.dialStream(channelUrl(options.coordinatorUrl), path),
      dialNode: (url, path) => ports.network.dialStream(channelUrl(url), path),
      clock: ports.clock,
      timers: ports.timers,
      ask: (epoch, open) => {
        if (this.#link?.phase === 'ready') this.#link.send({ type: 'still-open', epoch, open });
      },
    });
  }

  /** Takes stream sockets, and dials the coordinator until it is there. */
  start(): void {
    this.#ports.network.accept((path, query, channel) => this.#migrations.accept(path, query, channel));
    this.#dial();
  }

  /** Closes the link and forgets the host. The process may end after it. */
  stop(): void {
    this.#stopped = true;
    this.#redial?.cancel();
    this.#outbox.flush();
    this.#link?.close();
    this.#migrations.stop();
    this.#driver.stop();
  }

  status(): NodeStatus {
    const { clock } = this.#ports;
    const phase = this.#link?.phase;
    return {
      name: this.#options.name,
      coordinator: phase === 'ready' ? 'ready' : phase === undefined || phase === 'closed' ? 'away' : 'greeting',
      at: clock.now(),
      uncertaintyNs: clock.uncertainty(),
      host: this.#driver.peek(),
      migrations: this.#migrations.open(),
    };
  }

  /** What a person decided, where nobody else can tell the end. Throws unless that migration is in doubt here. */
  resolve(migration: string, decision: Decision): TrueNs {
    try {
      return this.#migrations.resolve(migration, decision);
    } finally {
      this.#outbox.flush();
    }
  }

  #dial(): void {
    const { name, url, coordinatorUrl } = this.#options;
    const link: ControlLink = new ControlLink(
      this.#ports,
      {
        coordinatorUrl,
        hello: {
          role: 'node',
          name,
          url: typeof url === 'string' ? url : url(),
          checksums: this.#ports.checksums.names,
        },
        state: () => ({ fresh: this.#fresh, open: this.#migrations.question() }),
      },
      {
        welcomed: (welcome) => this.#fence.welcome(welcome, this.#migrations.waiting()),
        ready: () => this.#connected(link),
        message: (message) => this.#take(link, message),
        closed: (error) => this.#disconnected(error),
      },
    );
    this.#link = link;
  }

  #connected(link: ControlLink): void {
    this.#redialAfterNs = REDIAL_FIRST_NS;
    this.#fresh = false;
    this.#ports.log.info(
      { coordinator: this.#options.coordinatorUrl, uncertaintyNs: this.#ports.clock.uncertainty() },
      'connected',
    );
    this.#outbox.connect((message) => link.sendEncoded(message));
    this.#startOwnHost();
  }

  /** Once true time is known: the host that the settings describe, for whoever looks before a scenario runs. */
  #startOwnHost(): void {
    const { ownClocks } = this.#options;
    if (ownClocks === undefined || this.#driver.hostName !== null) return;
    const config = ownClocks.config(this.#ports.clock.now());
    this.#driver.install(config.name, this.#world.host(config), config.origin);
  }

  /** Sets the host's clock as somebody who types `date` does, because its own clocks were set. */
  stepWall(byNs: DurationNs): void {
    this.#driver.schedule(
      null,
      (at, host) => {
        host.step(at, { type: 'settime', to: { kind: 'relative', byNs }, by: 'date' });
        this.#outbox.add(host.drain());
      },
      (error) => this.#driver.reportFailure(error),
    );
  }

  #disconnected(error: SkewbedError | null): void {
    this.#outbox.connect(null);
    if (this.#stopped) return;
    this.#ports.log.warn({ code: error?.code, redialNs: this.#redialAfterNs }, error?.message ?? 'link closed');
    this.#migrations.coordinatorLost();
    // Up to a quarter more, so that many nodes do not knock at a restarted coordinator at one instant.
    const jitterNs = (this.#redialAfterNs * BigInt(this.#ports.random.below(256))) / 1024n;
    this.#redial = this.#ports.timers.at(trueNs(this.#ports.clock.now() + this.#redialAfterNs + jitterNs), () =>
      this.#dial(),
    );
    const doubled = this.#redialAfterNs * 2n;
    this.#redialAfterNs = doubled < REDIAL_LONGEST_NS ? doubled : REDIAL_LONGEST_NS;
  }

  #take(link: ControlLink, message: LinkMessage): void {
    if (message.type !== 'request') throw new SkewbedError('wrong-role', `a node is sent no '${message.type}'`);
    const { id, command } = message;
    const answer: Answer = (outcome) => {
      this.#outbox.flush();
      if (outcome instanceof SkewbedError) {
        this.#ports.log.info({ command: command.command, code: outcome.code }, outcome.message);
        link.send({ type: 'reply', id, ok: false, code: outcome.code, message: wireText(outcome.message) });
      } else link.send({ type: 'reply', id, ok: true, result: outcome });
    };
    try {
      this.#execute(command, answer);
    } catch (thrown) {
      answer(codedError(thrown));
    }
  }

  #execute(command: Command, answer: Answer): void {
    if ('epoch' in command) this.#fence.admit(command.epoch);
    switch (command.command) {
      case 'configure-host': {
        const [open] = this.#migrations.open();
        if (open !== undefined) {
          throw new SkewbedError(
            'illegal-state',
            `migration ${open.migration} is open (${open.side}, ${open.phase}): end it before the host is made anew`,
          );
        }
        const config = this.#options.ownClocks?.adapt(command.config) ?? command.config;
        const at = this.#driver.install(config.name, this.#world.host(config), config.origin);
        answer({ command: command.command, at });
        return;
      }
      case 'step':
        this.#driver.schedule(
          command.at,
          (at, host) => {
            try {
              host.step(at, command.event);
            } catch (thrown) {
              answer(codedError(thrown));
              return;
            }
            this.#outbox.add(host.drain());
            answer({ command: command.command, at });
          },
          answer,
        );
        return;
      case 'read-clocks':
        this.#driver.schedule(
          command.at ?? null,
          (at, host) => {
            const uncertaintyNs = this.#ports.clock.uncertainty() + (this.#options.ownClocks?.doubtNs ?? 0n);
            answer({ command: command.command, at, uncertaintyNs, ...host.clocksAt(at), domains: host.domainNames() });
          },
          answer,
        );
        return;
      case 'migration-prepare-source':
        answer({ command: command.command, at: this.#migrations.prepareSource(command) });
        return;
      case 'migration-prepare-target':
        answer({ command: command.command, at: this.#migrations.prepareTarget(command) });
        return;
      case 'migration-set':
        answer({ command: command.command, at: this.#migrations.limit(command) });
        return;
      case 'migration-commit':
        answer({ command: command.command, at: this.#migrations.commit(command) });
        return;
      case 'migration-abort':
        this.#migrations.abort(command);
        answer({ command: command.command, at: this.#ports.clock.now() });
        return;
      case 'nodes':
      case 'migrate':
      case 'migrate-cancel':
      case 'migrate-set':
      case 'history':
        throw new SkewbedError(
          'bad-argument',
          `'${command.command}' is for the coordinator, not for node ${this.#options.name}`,
        );
      default:
        command satisfies never;
    }
  }
}
