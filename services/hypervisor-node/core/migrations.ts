/**
 * The migrations of one node: which are open, and how those ended that are not. An order that comes twice is answered
 * alike, for a coordinator that lost the first answer asks again.
 */
import { CLOSE_CODE } from '@skewbed/proto/close-codes.ts';
import type { CommandOf } from '@skewbed/proto/control/commands.ts';
import { STOP_AND_COPY } from '@skewbed/proto/control/transfer.ts';
import { codedError, SkewbedError } from '@skewbed/proto/errors.ts';
import type { HistoryEvent } from '@skewbed/proto/history.ts';
import { MIGRATIONS_REMEMBERED } from '@skewbed/proto/limits.ts';
import type { TrueNs } from '@skewbed/proto/units.ts';
import type { Checksums } from '@skewbed/runtime/ports/checksum.ts';
import type { Clock } from '@skewbed/runtime/ports/clock.ts';
import type { Channel } from '@skewbed/runtime/ports/network.ts';
import type { Timers } from '@skewbed/runtime/ports/timers.ts';
import { type Decision, Doubts, type Question } from './doubts.ts';
import type { HostDriver } from './host-driver.ts';
import { SourceMigration } from './source-migration.ts';
import { TargetMigration } from './target-migration.ts';
import { Turns } from './turns.ts';

export const STREAMS_PATH = '/v1/streams/';

export type MigrationParts = {
  readonly driver: HostDriver;
  readonly checksums: Checksums;
  readonly record: (events: readonly HistoryEvent[]) => void;
  /** Opens a stream socket of the coordinator. */
  readonly dial: (path: string) => Channel;
  /** Opens a stream socket of another node. */
  readonly dialNode: (url: string, path: string) => Channel;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Asks the coordinator how these ended, if there is one. */
  readonly ask: (epoch: number, open: Question) => void;
};

type Side = SourceMigration | TargetMigration;

export type OpenMigration = { readonly migration: string; readonly side: 'source' | 'target'; readonly phase: string };

export class Migrations {
  readonly #parts: MigrationParts;
  /** In the order of their beginning; the oldest that ended are forgotten. */
  readonly #known = new Map<string, Side>();
  readonly #doubts: Doubts;
  readonly #turns: Turns;
  #epoch = 1;

  constructor(parts: MigrationParts) {
    this.#parts = parts;
    this.#turns = new Turns(parts);
    this.#doubts = new Doubts({
      ...parts,
      open: () => this.#open(),
      host: () => parts.driver.hostName,
      ask: (open) => parts.ask(this.#epoch, open),
    });
  }

  /** Those which have not ended as far as this node knows. */
  open(): OpenMigration[] {
    return this.#open().map(({ migration, side, phase }) => ({
      migration,
      side,
      phase: this.#doubts.since(migration) === null ? phase : 'in-doubt',
    }));
  }

  /** Those whose end this node asks for, and what persons decided. */
  question(): Question {
    return this.#doubts.question();
  }

  /** Those which have voted: only the coordinator that has their votes can tell their end. */
  waiting(): string[] {
    return this.#open().flatMap(({ phase, migration }) => (phase === 'voted' ? [migration] : []));
  }

  prepareSource(order: CommandOf<'migration-prepare-source'>): TrueNs {
    const { epoch, migration, domain, suspendAt } = order;
    this.#expectNew(migration);
    const { driver, clock, timers } = this.#parts;
    const checksum = this.#parts.checksums.named(order.checksum);
    const transfer = order.transfer ?? STOP_AND_COPY;
    const { at: preparedAt, source } = driver.actNow((at, host) => {
      const opened = host.openSource(migration, domain, { verify: transfer.verify });
      opened.prepare(at);
      return { at, source: opened };
    });
    const side = new SourceMigration(
      { migration, domain, epoch, transfer, suspendAt },
      { driver, clock, timers, source, checksum, turns: this.#turns, preparedAt },
    );
    this.#remember(side);
    if (suspendAt === null) return preparedAt;
    try {
      driver.schedule(
        suspendAt,
        (at) => side.stop(at),
        (error) => side.failed(error),
      );
    } catch (thrown) {
      side.failed(codedError(thrown));
      throw thrown;
    }
    return suspendAt;
  }

  prepareTarget(command: CommandOf<'migration-prepare-target'>): TrueNs {
    const { order, epoch } = command;
    this.#expectNew(order.migration);
    const { driver, dial, dialNode } = this.#parts;
    const checksum = this.#parts.checksums.named(command.checksum);
    const prepared = driver.actNow((at, host) => {
      const target = host.openTarget(order);
      target.prepare(at);
      return { at, target };
    });
    const { clock, timers } = this.#parts;
    const path = `${STREAMS_PATH}${order.migration}?node=${driver.hostName ?? ''}&epoch=${epoch}`;
    const { direct } = command;
    this.#remember(
      new TargetMigration(
        { ...order, epoch, breaks: command.resumable === true ? 'may-be-mended' : 'are-final' },
        {
          driver,
          clock,
          timers,
          target: prepared.target,
          checksum,
          dial: (resume) => dial(`${path}${resume}`),
          dialSource: direct === undefined ? null : (resume) => dialNode(direct, `${path}&peer=target${resume}`),
        },
      ),
    );
    return prepared.at;
  }

  /** Another bandwidth for a source. */
  limit(command: CommandOf<'migration-set'>): TrueNs {
    const side = this.#named(command.migration);
    if (side.side !== 'source') throw wrongOrder(side);
    side.limit(command.bandwidth);
    return this.#parts.clock.now();
  }

  /** The instant from which the guest runs here, or from which this copy is gone. */
  commit(command: CommandOf<'migration-commit'>): TrueNs {
    const side = this.#named(command.migration);
    try {
      switch (side.side) {
        case 'source':
          if (command.order !== undefined) throw wrongOrder(side);
          return side.commit();
        case 'target':
          if (command.order === undefined) throw wrongOrder(side);
          return side.commit(command.order);
        default:
          return side satisfies never;
      }
    } finally {
      if (hasEnded(side)) this.#doubts.settle(side, 'commit');
    }
  }

  /** A migration that never began here is aborted by nature. */
  abort(command: CommandOf<'migration-abort'>): void {
    const side = this.#known.get(command.migration);
    if (side === undefined) return;
    try {
      side.abort(command.why);
    } finally {
      this.#doubts.settle(side, 'abort');
    }
  }

  /** A person decides instead of the coordinator. Throws unless this end is in doubt. */
  resolve(migration: string, decision: Decision): TrueNs {
    const side = this.#named(migration);
    const since = this.#doubts.since(migration);
    if (since === null) {
      throw new SkewbedError(
        'illegal-state',
        `migration ${migration} is ${side.phase} on this node and not in doubt: the coordinator decides it`,
      );
    }
    const at = this.#resolved(side, decision, since);
    this.#doubts.resolve(side, decision);
    return at;
  }

  /** A stream socket of this node was dialled. */
  accept(path: string, query: ReadonlyMap<string, string>, channel: Channel): void {
    const side = path.startsWith(STREAMS_PATH) ? this.#known.get(path.slice(STREAMS_PATH.length)) : undefined;
    if (side?.side !== 'source')
      channel.close(CLOSE_CODE.NOT_FOUND, `no migration of this node takes a stream at ${path.slice(0, 80)}`);
    else if (query.get('epoch') !== `${side.epoch}`)
      channel.close(CLOSE_CODE.CONFLICT, `stale-epoch: ${side.migration} is of epoch ${side.epoch}`);
    else {
      const resume = Number.parseInt(query.get('resume') ?? '', 10);
      side.attach(channel, query.get('peer') === 'target' ? 'target' : 'coordinator', resume >= 0 ? resume : null);
    }
  }

  /** The control link is gone: who has not voted gives up, who has waits in doubt. */
  coordinatorLost(): void {
    for (const side of this.#known.values()) {
      if (!hasEnded(side) && side.coordinatorLost()) this.#doubts.fall(side);
    }
  }

  stop(): void {
    this.#doubts.stop();
  }

  #open(): Side[] {
    return [...this.#known.values()].filter((each) => !hasEnded(each));
  }

  #resolved(side: Side, decision: Decision, since: TrueNs): TrueNs {
    const now = this.#parts.clock.now();
    if (decision === 'abort') {
      side.abort('a person decided so');
      return now;
    }
    // How long the guest was paused before that, only the coordinator knows.
    return side.side === 'source' ? side.commit() : side.commit({ runAt: now, pausedForNs: now - since });
  }

  #expectNew(migration: string): void {
    const known = this.#known.get(migration);
    if (known === undefined) return;
    throw new SkewbedError(
      'already-exists',
      `migration ${migration} is known here as ${known.side}, ${known.phase}; take a new name`,
    );
  }

  #named(migration: string): Side {
    const side = this.#known.get(migration);
    if (side === undefined) {
      throw new SkewbedError(
        'not-found',
        `this node knows no migration ${migration}; was it restarted, its guests died with it`,
      );
    }
    return side;
  }

  #remember(side: Side): void {
    this.#known.set(side.migration, side);
    this.#epoch = side.epoch;
    this.#doubts.watch();
    for (const [name, each] of this.#known) {
      if (this.#known.size <= MIGRATIONS_REMEMBERED) return;
      if (hasEnded(each)) this.#known.delete(name);
    }
  }
}

function hasEnded(side: Side): boolean {
  return side.phase === 'committed' || side.phase === 'running' || side.phase === 'aborted';
}

function wrongOrder(side: Side): SkewbedError {
  return new SkewbedError(
    'bad-argument',
    `migration ${side.migration}: a commit with an order is for the target, one without and a bandwidth for the source; this is the ${side.side}`,
  );
}
