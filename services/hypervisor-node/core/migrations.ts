/**
 * The migrations of one node: which are open, and how those ended that are not. An order that comes twice is answered
 * alike, for a coordinator that lost the first answer asks again.
 */
import { CLOSE_CODE } from '@skewbed/proto/close-codes.ts';
import type { CommandOf } from '@skewbed/proto/control/commands.ts';
import { codedError, SkewbedError } from '@skewbed/proto/errors.ts';
import type { HistoryEvent } from '@skewbed/proto/history.ts';
import { MIGRATIONS_REMEMBERED } from '@skewbed/proto/limits.ts';
import type { TrueNs } from '@skewbed/proto/units.ts';
import type { Checksums } from '@skewbed/runtime/ports/checksum.ts';
import type { Channel } from '@skewbed/runtime/ports/network.ts';
import type { HostDriver } from './host-driver.ts';
import { SourceMigration } from './source-migration.ts';
import { TargetMigration } from './target-migration.ts';

export const STREAMS_PATH = '/v1/streams/';

export type MigrationParts = {
  readonly driver: HostDriver;
  readonly checksums: Checksums;
  readonly record: (events: readonly HistoryEvent[]) => void;
  /** Opens a stream socket of the coordinator. */
  readonly dial: (path: string) => Channel;
};

type Side = SourceMigration | TargetMigration;

export type OpenMigration = { readonly migration: string; readonly side: 'source' | 'target'; readonly phase: string };

export class Migrations {
  readonly #parts: MigrationParts;
  /** In the order of their beginning; the oldest that ended are forgotten. */
  readonly #known = new Map<string, Side>();

  constructor(parts: MigrationParts) {
    this.#parts = parts;
  }

  /** Those which have not ended as far as this node knows. */
  open(): OpenMigration[] {
    return [...this.#known.values()]
      .filter((each) => !hasEnded(each))
      .map(({ migration, side, phase }) => ({ migration, side, phase }));
  }

  prepareSource(order: CommandOf<'migration-prepare-source'>): TrueNs {
    const { migration, domain, suspendAt } = order;
    this.#expectNew(migration);
    const { driver } = this.#parts;
    const checksum = this.#parts.checksums.named(order.checksum);
    const source = driver.actNow((at, host) => {
      const opened = host.openSource(migration, domain);
      opened.prepare(at);
      return opened;
    });
    const side = new SourceMigration({ migration, domain }, { driver, source, checksum });
    this.#remember(side);
    try {
      driver.schedule(
        suspendAt,
        (at) => {
          if (side.phase !== 'waiting') return;
          try {
            source.suspend(at);
          } catch (thrown) {
            side.failed(codedError(thrown));
            return;
          }
          side.suspended();
        },
        (error) => side.failed(error),
      );
    } catch (thrown) {
      side.failed(codedError(thrown));
      throw thrown;
    }
    return suspendAt;
  }

  prepareTarget(command: CommandOf<'migration-prepare-target'>): TrueNs {
    const { order } = command;
    this.#expectNew(order.migration);
    const { driver, dial } = this.#parts;
    const checksum = this.#parts.checksums.named(command.checksum);
    const prepared = driver.actNow((at, host) => {
      const target = host.openTarget(order);
      target.prepare(at);
      return { at, target };
    });
    const channel = dial(`${STREAMS_PATH}${order.migration}?node=${driver.hostName ?? ''}`);
    const { target } = prepared;
    this.#remember(new TargetMigration(order, { driver, target, checksum, channel }));
    return prepared.at;
  }

  /** The instant from which the guest runs here, or from which this copy is gone. */
  commit(command: CommandOf<'migration-commit'>): TrueNs {
    const side = this.#named(command.migration);
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
  }

  /** A migration that never began here is aborted by nature. */
  abort(command: CommandOf<'migration-abort'>): void {
    this.#known.get(command.migration)?.abort(command.why);
  }

  /** A stream socket of this node was dialled. */
  accept(path: string, channel: Channel): void {
    const side = path.startsWith(STREAMS_PATH) ? this.#known.get(path.slice(STREAMS_PATH.length)) : undefined;
    if (side?.side === 'source') side.attach(channel);
    else channel.close(CLOSE_CODE.NOT_FOUND, `no migration of this node takes a stream at ${path.slice(0, 80)}`);
  }

  /** The control link is gone: who has not voted gives up, who has waits in doubt. */
  coordinatorLost(at: TrueNs): void {
    for (const side of this.#known.values()) {
      if (hasEnded(side) || !side.coordinatorLost()) continue;
      const { migration, domain } = side;
      const host = this.#parts.driver.hostName;
      const detail = `the ${side.side} has voted and waits for the coordinator; the guest stays paused`;
      this.#parts.record([
        { at, ...(host === null ? {} : { host }), kind: 'migration', migration, domain, phase: 'in-doubt', detail },
      ]);
    }
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
    if (side === undefined) throw new SkewbedError('not-found', `this node knows no migration ${migration}`);
    return side;
  }

  #remember(side: Side): void {
    this.#known.set(side.migration, side);
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
    `migration ${side.migration}: a commit with an order is for the target, one without for the source; this is the ${side.side}`,
  );
}
