/**
 * What a node does in each state of a migration with each message and time-out: found out by doing it to a node. A cell is
 * the answer, if there is one, and where that leads; '-' is nothing at all.
 */

import { NodeCore } from '@skewbed/hypervisor-node/core/node.ts';
import { liveMove } from '@skewbed/hypervisor-node/stage/live-move.ts';
import { hostConfig } from '@skewbed/hypervisor-node/stage/move.ts';
import { ScriptedWorld } from '@skewbed/hypervisor-node/stage/scripted-world.ts';
import { CLOSE_CODE } from '@skewbed/proto/close-codes.ts';
import { encode } from '@skewbed/proto/codec.ts';
import type { CommandOf } from '@skewbed/proto/control/commands.ts';
import { codedError } from '@skewbed/proto/errors.ts';
import { trueNs } from '@skewbed/proto/units.ts';
import { encodeBatch } from '@skewbed/proto/wire-records.ts';
import { checksums } from '@skewbed/runtime/checksum.ts';
import { Simulation } from '@skewbed/runtime/sim/simulation.ts';
import { PuppetCoordinator, passMs } from './puppet.ts';

export type Table = { readonly columns: readonly string[]; readonly rows: readonly (readonly string[])[] };

const EPOCH = PuppetCoordinator.EPOCH;
const CHECKSUM = 'crc32';
/** More batches than the credit: such a source waits for acknowledgements. */
const MANY = 400;

/** A node under a puppet coordinator. */
class Bed {
  readonly simulation = new Simulation({ seed: 1 });
  readonly coordinator = new PuppetCoordinator(this.simulation);
  readonly world = new ScriptedWorld('a');
  readonly node: NodeCore;
  readonly side: 'source' | 'target';

  constructor(side: 'source' | 'target') {
    this.side = side;
    const process = this.simulation.process('a');
    this.node = new NodeCore({ ...process, checksums, sync: null }, this.world, {
      name: 'a',
      url: 'sim://a',
      coordinatorUrl: 'sim://coordinator',
    });
    this.node.start();
    this.pass(100);
    this.coordinator.order('a', { command: 'configure-host', config: hostConfig('a') });
    if (side === 'source') this.world.guests.set('guest', 'running');
  }

  pass(ms: number): void {
    passMs(this.simulation, ms);
  }

  prepare(how: 'stopped' | 'live' = 'stopped', epoch = EPOCH): string | null {
    return this.coordinator.order('a', this.side === 'source' ? this.#source(how, epoch) : this.#target(epoch));
  }

  commit(epoch = EPOCH): string | null {
    const order = { runAt: trueNs(0n), pausedForNs: 0n };
    const forSide = this.side === 'source' ? {} : { order };
    return this.coordinator.order('a', { command: 'migration-commit', epoch, migration: 'm1', ...forSide });
  }

  abort(epoch = EPOCH): string | null {
    return this.coordinator.order('a', { command: 'migration-abort', epoch, migration: 'm1', why: 'so' });
  }

  resolve(decision: 'commit' | 'abort'): string {
    try {
      this.node.resolve('m1', decision);
      return 'ok';
    } catch (thrown) {
      return codedError(thrown).code;
    }
  }

  send(what: 'last batch' | 'batch out of turn' | 'ack out of turn'): null {
    const { of } = checksums.named(CHECKSUM);
    const seq = what === 'last batch' ? 0 : 7;
    const message =
      what === 'ack out of turn'
        ? encode({ type: 'ack', migration: 'm1', seq: 999 })
        : encodeBatch({ migration: 'm1', seq }, [{ type: 'END' }], of);
    this.coordinator.stream?.send(message);
    this.pass(5);
    return null;
  }

  breakStream(): null {
    this.coordinator.stream?.close(CLOSE_CODE.GOING_AWAY, '');
    this.pass(5);
    return null;
  }

  breakLink(): null {
    const link = this.simulation.link('a', 'coordinator');
    link.cut();
    this.pass(5);
    return null;
  }

  get state(): string {
    const open = this.node.status().migrations[0];
    if (open !== undefined) return open.phase;
    const { guest } = this.world;
    if (!this.world.did.some((what) => what.startsWith(`${this.side}.prepare`))) return 'none';
    if (this.side === 'source') return guest === 'gone' ? 'committed' : 'aborted';
    return guest === 'running' ? 'running' : 'aborted';
  }

  #source(how: 'stopped' | 'live', epoch: number): CommandOf<'migration-prepare-source'> {
    const suspendAt = how === 'live' ? null : trueNs(this.simulation.now + 1_000_000_000n);
    const { transfer } = liveMove();
    const live = how === 'live' && transfer !== undefined ? { transfer } : {};
    const name = { migration: 'm1', domain: 'guest', checksum: CHECKSUM };
    return { command: 'migration-prepare-source', epoch, ...name, suspendAt, ...live };
  }

  #target(epoch: number): CommandOf<'migration-prepare-target'> {
    const order = { migration: 'm1', domain: 'guest', restore: 'fields-2007', sourceWallAheadNs: 0n } as const;
    return { command: 'migration-prepare-target', epoch, order, checksum: CHECKSUM };
  }
}

type Steps = Readonly<Record<string, (bed: Bed) => unknown>>;

const voteAsSource = (bed: Bed): void => {
  bed.world.records = 1;
  bed.prepare();
  bed.coordinator.dial('a', 'm1');
  bed.pass(1100);
};
const voteAsTarget = (bed: Bed): void => {
  bed.prepare();
  bed.send('last batch');
};

const SOURCE_STATES: Steps = {
  none: () => {},
  waiting: (bed) => bed.prepare(),
  precopy: (bed) => {
    bed.world.records = MANY;
    bed.world.passes = 1;
    bed.prepare('live');
    bed.coordinator.dial('a', 'm1');
  },
  sending: (bed) => {
    bed.world.records = MANY;
    bed.prepare();
    bed.coordinator.dial('a', 'm1');
    bed.pass(1100);
  },
  voted: voteAsSource,
  'in-doubt': (bed) => {
    voteAsSource(bed);
    bed.pass(100_000);
  },
  committed: (bed) => {
    voteAsSource(bed);
    bed.commit();
  },
  aborted: (bed) => {
    bed.prepare();
    bed.abort();
  },
};

const TARGET_STATES: Steps = {
  none: () => {},
  receiving: (bed) => bed.prepare(),
  voted: voteAsTarget,
  'in-doubt': (bed) => {
    voteAsTarget(bed);
    bed.pass(100_000);
  },
  running: (bed) => {
    voteAsTarget(bed);
    bed.commit();
  },
  aborted: (bed) => {
    bed.prepare();
    bed.abort();
  },
};

const EVENTS = {
  prepare: (bed: Bed) => bed.prepare(),
  commit: (bed: Bed) => bed.commit(),
  abort: (bed: Bed) => bed.abort(),
  'commit of an older epoch': (bed: Bed) => bed.commit(EPOCH - 1),
  'abort of an older epoch': (bed: Bed) => bed.abort(EPOCH - 1),
  'the stream closes': (bed: Bed) => bed.breakStream(),
  'the control link breaks': (bed: Bed) => bed.breakLink(),
  '100 s pass, nobody answers': (bed: Bed) => {
    bed.pass(100_000);
    return null;
  },
  'a person: commit': (bed: Bed) => bed.resolve('commit'),
  'a person: abort': (bed: Bed) => bed.resolve('abort'),
} as const satisfies Readonly<Record<string, (bed: Bed) => string | null>>;

/** The table of the source. */
export const sourceTable = (): Table =>
  tableOf('source', SOURCE_STATES, {
    ...EVENTS,
    'an ack out of turn': (bed: Bed) => bed.send('ack out of turn'),
  });

/** The table of the target. */
export const targetTable = (): Table =>
  tableOf('target', TARGET_STATES, {
    ...EVENTS,
    'the last batch': (bed: Bed) => bed.send('last batch'),
    'a batch out of turn': (bed: Bed) => bed.send('batch out of turn'),
  });

function tableOf(
  side: 'source' | 'target',
  states: Steps,
  events: Readonly<Record<string, (bed: Bed) => string | null>>,
): Table {
  const rows = Object.entries(events).map(([event, act]) => [
    event,
    ...Object.entries(states).map(([state, reach]) => {
      const bed = new Bed(side);
      reach(bed);
      if (bed.state !== state) throw new Error(`${side}: meant to be ${state}, is ${bed.state}`);
      const guest = bed.world.guest;
      const answer = act(bed);
      const led = bed.state === state ? '' : `→ **${bed.state}**`;
      const did = bed.world.guest === guest ? '' : `guest ${bed.world.guest}`;
      return [answer ?? '', [led, did].filter(Boolean).join(', ')].filter(Boolean).join(' ') || '-';
    }),
  ]);
  return { columns: Object.keys(states), rows };
}
