/** The end of a migration that was not decided: a line in the journal, and an order to each node to undo what it did. */
import type { SkewbedError } from '@skewbed/proto/errors.ts';
import { wireText } from '@skewbed/proto/wire-error.ts';
import type { MigrationDesk } from './migration-desk.ts';

/** `done` is called when both have answered or are away: a node that is away asks when it comes back. */
export function orderAborts(
  plan: { readonly migration: string; readonly from: string; readonly to: string },
  error: SkewbedError,
  desk: MigrationDesk,
  done: () => void,
): void {
  const { migration, from, to } = plan;
  const { journal, clock } = desk;
  const unanswered = new Set([from, to]);
  journal.write({ line: 'aborted', migration, at: clock.now(), code: error.code, why: wireText(error.message) });
  const why = wireText(`${error.code}: ${error.message}`);
  for (const node of [from, to]) {
    desk.order(node, { command: 'migration-abort', epoch: journal.epoch, migration, why }, () => {
      unanswered.delete(node);
      if (unanswered.size === 0) done();
    });
  }
}
