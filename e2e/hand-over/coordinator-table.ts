/**
 * What the coordinator does in each state of a migration with each message and time-out, found out by doing it: both nodes
 * are puppets. A cell is where it leads and which orders go out; '-' is nothing at all. The disk takes 5 s for a line, so
 * that there is something between the votes and the decision.
 */
import { CoordinatorCore } from '@skewbed/coordinator/core/coordinator.ts';
import { RunnerClient } from '@skewbed/coordinator/core/runner-client.ts';
import { MOVE } from '@skewbed/hypervisor-node/stage/move.ts';
import { CLOSE_CODE } from '@skewbed/proto/close-codes.ts';
import { encode } from '@skewbed/proto/codec.ts';
import type { CommandName } from '@skewbed/proto/control/commands.ts';
import { trueNs } from '@skewbed/proto/units.ts';
import type { SimProcess } from '@skewbed/runtime/sim/process.ts';
import { Simulation } from '@skewbed/runtime/sim/simulation.ts';
import type { Table } from './node-table.ts';
import { PuppetNode, passMs } from './puppet.ts';

type Side = 'source' | 'target';
type Decision = 'commit' | 'abort';

const FSYNC_MS = 5000;
const SHA256 = { same: 'ab'.repeat(32), other: 'cd'.repeat(32) } as const;

/** A coordinator over two puppets. */
class Bed {
  readonly simulation = new Simulation({ seed: 1, fsyncNs: BigInt(FSYNC_MS) * 1_000_000n });
  readonly source: PuppetNode;
  readonly target: PuppetNode;
  readonly #runner: RunnerClient;
  #process: SimProcess;
  #core: CoordinatorCore;

  constructor() {
    this.#process = this.simulation.process('coordinator');
    this.#core = new CoordinatorCore(this.#process);
    this.#core.start();
    this.source = new PuppetNode(this.simulation, 'a');
    this.target = new PuppetNode(this.simulation, 'b');
    this.#runner = new RunnerClient(
      { ...this.simulation.process('runner'), sync: null },
      { name: 'runner', coordinatorUrl: 'sim://coordinator' },
    );
    this.#runner.connect({ ready: () => {}, closed: () => {} });
    this.pass(FSYNC_MS + 1000);
  }

  pass(ms: number): void {
    passMs(this.simulation, ms);
  }

  begin(): void {
    const now = this.simulation.now;
    const instants = { suspendAt: trueNs(now + 1_000_000n), runAt: trueNs(now + 2_000_000n) };
    this.#runner.request<'migrate'>('coordinator', { ...MOVE, ...instants }, () => {});
    this.pass(10);
  }

  /** Up to the streams of both ends. */
  openStreams(): void {
    this.begin();
    this.target.dial('m1', 1);
    this.pass(10);
  }

  vote(side: Side, memory: keyof typeof SHA256 = 'same'): void {
    this[side].stream?.send(
      encode({ type: 'digest', migration: 'm1', epoch: 1, side, sha256: SHA256[memory], pages: 1 }),
    );
    this.pass(5);
  }

  failStream(side: Side): void {
    this[side].stream?.send(
      encode({ type: 'stream-failed', migration: 'm1', epoch: 1, side, code: 'refused', message: 'no' }),
    );
    this.pass(5);
  }

  breakStream(side: Side): void {
    this[side].stream?.close(CLOSE_CODE.GOING_AWAY, '');
    this.pass(5);
  }

  lose(side: Side): void {
    this[side].hangUp();
    this.pass(5);
  }

  ask(side: Side, resolved?: Decision): void {
    const end = { migration: 'm1', side, ...(resolved === undefined ? {} : { resolved }) };
    this[side].say({ type: 'still-open', epoch: 1, open: [end] });
    this.pass(5);
  }

  answer(side: Side, how: string): void {
    this[side].answerLate(how);
    this.pass(5);
  }

  /** Killed with what was not durable, and started again; the nodes say what they still have open. */
  restart(): void {
    this.#process.crash();
    for (const side of ['source', 'target'] as const) this[side].open = [{ migration: 'm1', side }];
    this.#process = this.simulation.process('coordinator');
    this.#core = new CoordinatorCore(this.#process);
    this.#core.start();
    this.source.connect('again');
    this.target.connect('again');
    this.pass(FSYNC_MS + 100);
  }

  get phase(): string {
    return this.#core.migrations()[0]?.phase ?? 'aborted';
  }

  /** What went out since the last time. */
  takeOrders(): string[] {
    return (['source', 'target'] as const).flatMap((side) =>
      this[side].orders.splice(0).map((order) => `${order.replace('migration-', '')} to ${side}`),
    );
  }
}

const answer = (bed: Bed, side: Side, order: CommandName, how: string): void => void bed[side].answers.set(order, how);

const decide = (bed: Bed): void => {
  bed.openStreams();
  bed.vote('source');
  bed.vote('target');
};
const commit = (bed: Bed): void => {
  decide(bed);
  bed.pass(FSYNC_MS);
};

/** How each state is reached; a name may say more than the phase does. */
const STATES: Readonly<Record<string, readonly [phase: string, reach: (bed: Bed) => void]>> = {
  preparing: [
    'preparing',
    (bed) => {
      answer(bed, 'source', 'migration-prepare-source', 'silent');
      answer(bed, 'target', 'migration-prepare-target', 'silent');
      bed.begin();
    },
  ],
  streaming: ['streaming', (bed) => bed.openStreams()],
  'streaming, source has voted': [
    'streaming',
    (bed) => {
      bed.openStreams();
      bed.vote('source');
    },
  ],
  deciding: ['deciding', decide],
  'handing-over, target is told': [
    'handing-over',
    (bed) => {
      answer(bed, 'target', 'migration-commit', 'silent');
      commit(bed);
    },
  ],
  'handing-over, source is told': [
    'handing-over',
    (bed) => {
      answer(bed, 'source', 'migration-commit', 'silent');
      commit(bed);
    },
  ],
  running: ['running', commit],
  aborted: [
    'aborted',
    (bed) => {
      bed.openStreams();
      bed.failStream('source');
    },
  ],
  lost: [
    'lost',
    (bed) => {
      answer(bed, 'target', 'migration-commit', 'not-found');
      commit(bed);
    },
  ],
  resolved: [
    'resolved',
    (bed) => {
      answer(bed, 'target', 'migration-commit', 'not-found');
      commit(bed);
      bed.ask('source', 'abort');
      bed.pass(FSYNC_MS);
    },
  ],
};

const EVENTS: Readonly<Record<string, (bed: Bed) => void>> = {
  'source does what it was told': (bed) => bed.answer('source', 'ok'),
  'target does what it was told': (bed) => bed.answer('target', 'ok'),
  'source refuses it': (bed) => bed.answer('source', 'not-found'),
  'target refuses it': (bed) => bed.answer('target', 'not-found'),
  'source votes': (bed) => bed.vote('source'),
  'target votes alike': (bed) => bed.vote('target'),
  'target votes otherwise': (bed) => bed.vote('target', 'other'),
  'source says stream-failed': (bed) => bed.failStream('source'),
  'target says stream-failed': (bed) => bed.failStream('target'),
  "source's stream closes": (bed) => bed.breakStream('source'),
  "target's stream closes": (bed) => bed.breakStream('target'),
  'source is lost': (bed) => bed.lose('source'),
  'target is lost': (bed) => bed.lose('target'),
  'source asks': (bed) => bed.ask('source'),
  'target asks': (bed) => bed.ask('target'),
  'the line is durable': (bed) => bed.pass(FSYNC_MS),
  '70 s pass': (bed) => bed.pass(70_000),
  'killed and restarted': (bed) => bed.restart(),
  'source: a person decided commit': (bed) => bed.ask('source', 'commit'),
  'source: a person decided abort': (bed) => bed.ask('source', 'abort'),
  'target: a person decided commit': (bed) => bed.ask('target', 'commit'),
  'target: a person decided abort': (bed) => bed.ask('target', 'abort'),
};

/** The table of the coordinator. */
export function coordinatorTable(): Table {
  const rows = Object.entries(EVENTS).map(([event, act]) => [
    event,
    ...Object.entries(STATES).map(([state, [phase, reach]]) => {
      const bed = new Bed();
      reach(bed);
      if (bed.phase !== phase) throw new Error(`meant to be ${state}, is ${bed.phase}`);
      bed.takeOrders();
      act(bed);
      const led = bed.phase === phase ? '' : `→ **${bed.phase}**`;
      const orders = [...new Set(bed.takeOrders())].join(', ');
      return [led, orders].filter(Boolean).join('; ') || '-';
    }),
  ]);
  return { columns: Object.keys(STATES), rows };
}
