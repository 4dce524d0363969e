/**
 * Asks both nodes of a migration to prepare. The target first, so that nothing has to be kept for it; with a direct stream
 * the source first, because the target dials it at once.
 */
import type { Command, CommandOf } from '@skewbed/proto/control/commands.ts';
import { STOP_AND_COPY } from '@skewbed/proto/control/transfer.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import type { MigrationDesk } from './migration-desk.ts';

export type PreparationHandlers = {
  /** Whether the migration still is being prepared. */
  wanted(): boolean;
  refused(error: SkewbedError): void;
  /** Both have said yes. */
  prepared(): void;
};

export function askToPrepare(
  command: CommandOf<'migrate'>,
  checksum: string,
  desk: MigrationDesk,
  handlers: PreparationHandlers,
): void {
  const { migration, domain, from, to, restore, sourceWallAheadNs, suspendAt, transfer = STOP_AND_COPY } = command;
  const { epoch } = desk.journal;
  const isDirect = transfer.via === 'direct';
  const target: Command = {
    command: 'migration-prepare-target',
    epoch,
    order: { migration, domain, restore, sourceWallAheadNs },
    checksum,
    ...(transfer.precopy.policy === 'stop-and-copy' ? {} : { resumable: true }),
    ...(isDirect ? { direct: desk.urlOf(from) } : {}),
  };
  const source: Command = {
    command: 'migration-prepare-source',
    epoch,
    migration,
    domain,
    suspendAt,
    checksum,
    ...(command.transfer === undefined ? {} : { transfer }),
  };
  const ask = (node: string, order: Command, then: () => void): void =>
    desk.order(node, order, (outcome) => {
      if (!handlers.wanted()) return;
      if (outcome instanceof SkewbedError) handlers.refused(outcome);
      else then();
    });
  if (isDirect) ask(from, source, () => ask(to, target, handlers.prepared));
  else ask(to, target, () => ask(from, source, handlers.prepared));
}
