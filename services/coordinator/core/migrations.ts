/**
 * The migrations of a coordinator: begins them, finds them again in the journal after a restart, and tells a node that
 * comes back with open ones how they ended. What the journal does not say was committed was aborted.
 */
import { CLOSE_CODE } from '@skewbed/proto/close-codes.ts';
import type { CommandOf } from '@skewbed/proto/control/commands.ts';
import type { MessageOf } from '@skewbed/proto/control/registry.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { MIGRATIONS_REMEMBERED } from '@skewbed/proto/limits.ts';
import type { Channel } from '@skewbed/runtime/ports/network.ts';
import { Endings } from './endings.ts';
import type { MigrationPlan } from './hand-over.ts';
import { type Ended, type MigrateCommand, Migration, type MigrationPhase } from './migration.ts';
import type { MigrationDesk } from './migration-desk.ts';
import { recordPhase } from './migration-phase.ts';

export const STREAMS_PATH = '/v1/streams/';

export type MigrationSummary = Pick<MigrationPlan, 'migration' | 'domain' | 'from' | 'to'> & {
  readonly phase: MigrationPhase;
  readonly batches: number;
  readonly bytes: number;
  readonly acknowledged: number;
};

export class CoordinatorMigrations {
  readonly #desk: MigrationDesk;
  /** In the order of their beginning; the oldest that are over are forgotten, their names are not. */
  readonly #known = new Map<string, Migration>();
  readonly #names: Set<string>;
  readonly #endings: Endings;

  constructor(desk: MigrationDesk) {
    this.#desk = desk;
    this.#endings = new Endings(desk, (migration) => this.#known.get(migration));
    const { names, committed } = desk.journal.recovered;
    this.#names = new Set(names.keys());
    for (const line of committed) this.#known.set(line.migration, Migration.recovered(line, desk));
  }

  /** What an earlier coordinator had begun and not decided is aborted: its nodes are told when they ask. */
  abortOpen(): void {
    const { journal, clock } = this.#desk;
    const why = 'the coordinator was restarted before the decision';
    for (const begun of journal.recovered.open) {
      journal.write({ line: 'aborted', migration: begun.migration, at: clock.now(), code: 'link-lost', why });
      recordPhase(this.#desk, begun, 'aborted', { detail: `link-lost: ${why}` });
    }
  }

  /** Throws when it cannot begin at all; otherwise `ended` is called once. */
  begin(
    command: MigrateCommand,
    checksums: { readonly from: readonly string[]; readonly to: readonly string[] },
    ended: Ended,
  ): void {
    const { migration, from, to, suspendAt, runAt } = command;
    if (this.#names.has(migration))
      throw new SkewbedError('already-exists', `migration ${migration} has been begun before; take a new name`);
    if (from === to)
      throw new SkewbedError('bad-argument', `migration ${migration}: from and to are both ${from}; name two nodes`);
    if (suspendAt !== null && runAt !== null && runAt < suspendAt) {
      throw new SkewbedError(
        'bad-argument',
        `migration ${migration}: the guest would run at ${runAt} ns, before it stops at ${suspendAt} ns`,
      );
    }
    const other = this.#moving(command);
    if (other !== undefined) {
      throw new SkewbedError(
        'illegal-state',
        `migration ${migration}: domain ${command.domain} is being moved by ${other} already; wait for its end, or cancel it`,
      );
    }
    const checksum = checksums.from.find((name) => checksums.to.includes(name));
    if (checksum === undefined) {
      throw new SkewbedError(
        'refused',
        `migration ${migration}: ${from} computes ${checksums.from.join(', ') || 'no checksum'}, ${to} ${checksums.to.join(', ') || 'none'}; they need one in common`,
      );
    }
    this.#names.add(migration);
    this.#known.set(migration, Migration.begin(command, checksum, this.#desk, ended));
    this.#forgetOld();
  }

  /** Changes what may be changed while it is under way, or gives it up. `done` is called once. */
  change(command: CommandOf<'migrate-set' | 'migrate-cancel'>, done: (error: SkewbedError | null) => void): void {
    const migration = this.#known.get(command.migration);
    if (migration === undefined)
      throw new SkewbedError('not-found', `no migration ${command.migration} is known here; nodes list theirs`);
    switch (command.command) {
      case 'migrate-cancel':
        migration.cancel(command.why);
        done(null);
        return;
      case 'migrate-set':
        if (command.timeLimitNs !== undefined) migration.limitTime(command.timeLimitNs);
        if (command.bandwidth === undefined) done(null);
        else
          migration.limitBandwidth(command.bandwidth, (outcome) =>
            done(outcome instanceof SkewbedError ? outcome : null),
          );
        return;
      default:
        command satisfies never;
    }
  }

  /** A target dials `/v1/streams/<migration>?node=<name>&epoch=<epoch>`. */
  accept(path: string, query: ReadonlyMap<string, string>, channel: Channel): void {
    const migration = this.#known.get(path.slice(STREAMS_PATH.length));
    const { epoch } = this.#desk.journal;
    if (migration === undefined) channel.close(CLOSE_CODE.NOT_FOUND, 'no migration of that name is under way');
    else if (query.get('epoch') !== `${epoch}`)
      channel.close(CLOSE_CODE.CONFLICT, `stale-epoch: this is epoch ${epoch}`);
    else {
      const resume = Number.parseInt(query.get('resume') ?? '', 10);
      migration.attachTarget(query.get('node') ?? '', channel, resume >= 0 ? resume : null);
    }
  }

  nodeReady(node: string, open: MessageOf<'ready'>['open']): void {
    this.stillOpen(node, open);
    for (const migration of this.#known.values()) {
      if (migration.plan.from === node || migration.plan.to === node) migration.nodeReady();
    }
  }

  /** A node asks how these ended. What is under way here gets no answer yet. */
  stillOpen(node: string, open: MessageOf<'still-open'>['open']): void {
    for (const end of open) this.#endings.answer(node, end);
  }

  nodeLost(node: string): void {
    for (const migration of this.#known.values()) migration.nodeLost(node);
  }

  summaries(): MigrationSummary[] {
    return [...this.#known.values()].map(({ plan, phase, counts }) => {
      const { migration, domain, from, to } = plan;
      return { migration, domain, from, to, phase, ...counts };
    });
  }

  /** Who moves this guest: the node knows too, but the target is asked first, and has the name in use by then. */
  #moving({ domain, from }: MigrateCommand): string | undefined {
    for (const { plan, isUnderWay } of this.#known.values())
      if (isUnderWay && plan.domain === domain && plan.from === from) return plan.migration;
    return undefined;
  }

  #forgetOld(): void {
    for (const [name, { phase }] of this.#known) {
      if (this.#known.size <= MIGRATIONS_REMEMBERED) return;
      if (phase === 'running' || phase === 'aborted') this.#known.delete(name);
    }
  }
}
