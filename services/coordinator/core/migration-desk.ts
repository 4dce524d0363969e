/** What a migration does to the world around it. The coordinator gives it; tests give one that records. */
import type { Command } from '@skewbed/proto/control/commands.ts';
import type { HistoryEvent } from '@skewbed/proto/history.ts';
import type { Clock } from '@skewbed/runtime/ports/clock.ts';
import type { Channel } from '@skewbed/runtime/ports/network.ts';
import type { Timers } from '@skewbed/runtime/ports/timers.ts';
import type { MigrationJournal } from './migration-journal.ts';
import type { Answer } from './node-link.ts';

export interface MigrationDesk {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly journal: MigrationJournal;
  /** Orders a node. `done` is called once: with 'not-connected' or 'link-lost' when it is not there. Never at once. */
  order(node: string, command: Command, done: Answer): void;
  isConnected(node: string): boolean;
  /** How exactly a node knows true time; 0n for one that is away. */
  uncertaintyOf(node: string): bigint;
  /** Where a node's stream sockets are. Throws 'not-connected'. */
  urlOf(node: string): string;
  /** Opens a stream socket of a node. */
  dialNode(node: string, path: string): Channel;
  record(event: HistoryEvent): void;
}
