/**
 * How a migration ended, for a node that asks. What the journal does not say was committed was aborted; what is under way
 * here gets no answer yet. Where a person has decided otherwise on one end, or about a lost guest, nobody is told anything
 * any more: from there on persons decide each end, and the journal remembers that.
 */
import type { MessageOf } from '@skewbed/proto/control/registry.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import type { Migration, MigrationPhase } from './migration.ts';
import type { MigrationDesk } from './migration-desk.ts';
import { recordPhase } from './migration-phase.ts';

type OpenEnd = MessageOf<'still-open'>['open'][number];
type Decision = NonNullable<OpenEnd['resolved']>;

export class Endings {
  readonly #desk: MigrationDesk;
  readonly #find: (migration: string) => Migration | undefined;
  /** Left to persons. */
  readonly #resolved: Set<string>;

  constructor(desk: MigrationDesk, find: (migration: string) => Migration | undefined) {
    this.#desk = desk;
    this.#find = find;
    this.#resolved = new Set(desk.journal.recovered.resolved);
  }

  /** A node asks how this one ended, or says how a person has ended it. */
  answer(node: string, end: OpenEnd): void {
    const { migration, resolved } = end;
    if (this.#resolved.has(migration)) return;
    const known = this.#find(migration);
    if (resolved !== undefined) {
      // A person was faster than the votes: an abort comes true, and a commit may, by the votes alone.
      if (resolved === 'abort') known?.abort(new SkewbedError('refused', `a person decided on ${node}: abort`));
      else if (known?.undecided === true) return;
      const told = decided(known?.phase);
      if (told !== resolved) {
        this.#leave(node, end, { decision: resolved, told });
        return;
      }
    }
    this.#tell(node, end, known?.phase);
  }

  #tell(node: string, { migration, side }: OpenEnd, phase: MigrationPhase | undefined): void {
    const { epoch } = this.#desk.journal;
    switch (phase) {
      case 'preparing':
      case 'streaming':
      case 'deciding':
      case 'handing-over': // goes on with it by itself
      case 'lost': // a person decides
      case 'resolved':
        return;
      case 'running':
        if (side === 'source') this.#desk.order(node, { command: 'migration-commit', epoch, migration }, () => {});
        return;
      case undefined:
      case 'aborting':
      case 'aborted':
        this.#desk.order(
          node,
          { command: 'migration-abort', epoch, migration, why: 'the coordinator has no commit of it' },
          () => {},
        );
        return;
      default:
        phase satisfies never;
    }
  }

  /** Gives no order about it any more, now and after a restart. */
  #leave(
    node: string,
    { migration, side }: OpenEnd,
    { decision, told }: { readonly decision: Decision; readonly told: Decision | null },
  ): void {
    this.#resolved.add(migration);
    this.#desk.journal.write({ line: 'resolved', migration, at: this.#desk.clock.now(), side, decision });
    const known = this.#find(migration);
    known?.leaveToPersons();
    const domain = known?.plan.domain ?? this.#desk.journal.recovered.names.get(migration);
    if (domain === undefined) return;
    const phase = told === null ? 'resolved' : 'contradicted';
    const before = told === null ? '' : ` where the journal says ${told}, and the other end may have heard that`;
    const detail = `a person decided ${decision} on ${node}${before}; persons decide the other end too`;
    recordPhase(this.#desk, { migration, domain }, phase, { detail });
  }
}

/** What the nodes are told in this phase; null while, or since, nobody knows. */
function decided(phase: MigrationPhase | undefined): Decision | null {
  switch (phase) {
    case 'deciding':
    case 'handing-over':
    case 'running':
      return 'commit';
    case undefined:
    case 'aborting':
    case 'aborted':
      return 'abort';
    case 'preparing':
    case 'streaming':
    case 'lost':
    case 'resolved':
      return null;
    default:
      return phase satisfies never;
  }
}
