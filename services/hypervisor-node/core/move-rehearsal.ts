/**
 * Moves a small guest to and fro between two hosts of this process, live, before there is anybody to wait for it: suspend,
 * the last pass, the records behind the pages, both digests, commit and start are then compiled, and so are the messages
 * and events that go with them. The first migration of a fresh process had its guest stand still for four times as long
 * as the tenth. It is a check, too: a node that cannot move a guest within itself does not start.
 * Left out: sockets and the journal, which a node's own link and the coordinator's own lines have used by then.
 */
import { decode, encode } from '@skewbed/proto/codec.ts';
import type { Message } from '@skewbed/proto/control/registry.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import type { StreamRecord } from '@skewbed/proto/records.ts';
import { type TrueNs, trueNs } from '@skewbed/proto/units.ts';
import { encodeBatch, openBatch } from '@skewbed/proto/wire-records.ts';
import type { Parts } from '@skewbed/runtime/ports/bulk.ts';
import type { Checksum } from '@skewbed/runtime/ports/checksum.ts';
import type { Channel } from '@skewbed/runtime/ports/network.ts';
import { plainHost } from './own-clocks.ts';
import { courseOfPages, entriesAt, runsOfRecords, sendPages } from './page-batches.ts';
import type { World, WorldHost, WorldSource, WorldTarget } from './world.ts';

/** A guest of 1 MiB, a few pages of which are written at each tick. */
const PAGES = 256;
const GUEST = 'rehearsal';
const TICK_NS = 10_000_000n;
/** The first takes 50 ms, the twelfth 4 ms; more gain little. */
const MOVES = 12;

/** Returns how many times the guest has changed hosts. Throws where its memory did. */
export function rehearseMoves(world: World, checksum: Checksum, moves: number = MOVES): number {
  const hosts = ['rehearsal-a', 'rehearsal-b'].map((name) =>
    world.host(plainHost({ name, wallSkew: '+0s', uptimeSkew: '1h' }, trueNs(0n), 0n)),
  ) as [WorldHost, WorldHost];
  let at = trueNs(0n);
  hosts[0].step(at, {
    type: 'create-domain',
    spec: {
      ...{ name: GUEST, kernel: 'pvops-6.12', build: 'smp', vcpus: 1, pages: PAGES, hz: 100, patches: [] },
      ...{ reader: 'off', writerPages: PAGES / 4, writerRate: 8 },
    },
  });
  hosts[0].step(at, { type: 'unpause', domain: GUEST });
  for (let move = 0; move < moves; move++) {
    const [from, to] = move % 2 === 0 ? hosts : hosts.toReversed();
    at = later(at);
    moveOnce({ from: from as WorldHost, to: to as WorldHost, migration: `${GUEST}-${move}`, checksum }, at);
    at = later(at);
    for (const host of hosts) {
      host.step(at, { type: 'elapse' });
      pass({ type: 'event', events: host.drain() });
    }
  }
  return moves;
}

type Move = {
  readonly from: WorldHost;
  readonly to: WorldHost;
  readonly migration: string;
  readonly checksum: Checksum;
};

function moveOnce({ from, to, migration, checksum }: Move, at: TrueNs): void {
  const source = from.openSource(migration, GUEST, { verify: 'off' });
  const target = to.openTarget({ migration, domain: GUEST, restore: 'stream-v3', sourceWallAheadNs: 0n });
  source.prepare(at);
  target.prepare(at);
  const stream = new Stream(migration, source, target, checksum, at);
  source.startPrecopy(at, { policy: 'fixed-rounds', rounds: 1 });
  stream.carry('runs');
  source.endPass(at, stream.bytes);
  source.suspend(at);
  stream.carry('stopped');
  const [sent, received] = [source.digest(), target.finish(at)];
  if (sent.sha256 !== received.sha256)
    throw new SkewbedError('memory-mismatch', `rehearsal: ${sent.sha256} was sent, ${received.sha256} received`);
  const vote = { type: 'digest', migration, epoch: 1 } as const;
  pass({ ...vote, side: 'source', ...sent });
  pass({ ...vote, side: 'target', ...received });
  const order = { runAt: at, pausedForNs: 0n };
  pass({ type: 'request', id: 1, to: 'node', command: { command: 'migration-commit', epoch: 1, migration, order } });
  pass({ type: 'reply', id: 1, ok: true, result: { command: 'migration-commit', at } });
  target.commit(at, order);
  source.commit(at);
}

/** From the source to the target, batch by batch, as over a socket. */
class Stream {
  readonly #migration: string;
  readonly #source: WorldSource;
  readonly #target: WorldTarget;
  readonly #checksum: Checksum;
  readonly #at: TrueNs;
  #seq = 0;
  #bytes = 0;

  constructor(migration: string, source: WorldSource, target: WorldTarget, checksum: Checksum, at: TrueNs) {
    this.#migration = migration;
    this.#source = source;
    this.#target = target;
    this.#checksum = checksum;
    this.#at = at;
  }

  get bytes(): number {
    return this.#bytes;
  }

  carry(guest: 'runs' | 'stopped'): void {
    for (let records = this.#source.take(PAGES); records.length > 0; records = this.#source.take(PAGES)) {
      const runs = guest === 'stopped' ? runsOfRecords(records) : null;
      const name = { migration: this.#migration, seq: this.#seq++ };
      if (runs === null) this.#copied(encodeBatch(name, records, this.#checksum.of));
      else this.#bytes += sendPages(this.#channel(), { name, runs, checksum: this.#checksum, guest }, () => {});
      pass({ type: 'ack', migration: this.#migration, seq: name.seq });
    }
  }

  /** What is sent arrives at once, and lands where it shall lie. */
  #channel(): Pick<Channel, 'sendParts'> {
    return {
      sendParts: ({ parts, seal }: Parts) => {
        const [head, ...pages] = parts as readonly Uint8Array[];
        const course = courseOfPages(head as Uint8Array, {
          checksum: this.#checksum,
          place: (_batch, runs) => this.#target.places?.(runs) ?? null,
          placed: (_batch, runs, into) => this.#apply([{ type: 'PAGE_DATA', entries: entriesAt(runs, into) }]),
          failed: (thrown) => {
            throw thrown;
          },
        });
        const tail = seal?.(parts) ?? new Uint8Array(0);
        if (course?.kind !== 'scatter') {
          this.#copied(joined([...parts, tail]));
          return;
        }
        const arrived = joined(pages);
        let from = 0;
        for (const place of course.into) {
          place.set(arrived.subarray(from, from + place.length));
          course.landed(place);
          from += place.length;
        }
        course.ended({ head: head as Uint8Array, tail, missing: 0 });
      },
    };
  }

  #copied(bytes: Uint8Array): void {
    this.#bytes += bytes.length;
    const message = decode(bytes, 'stream');
    if (message.type === 'batch') this.#apply(openBatch(message, bytes, this.#checksum.of));
  }

  #apply(records: readonly StreamRecord[]): void {
    for (const record of records) this.#target.apply(this.#at, record);
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Through the codec, as a message of either socket. */
function pass(message: Message): void {
  const socket =
    message.type === 'request' || message.type === 'reply' || message.type === 'event' ? 'control' : 'stream';
  decode(encode(message), socket);
}

const later = (at: TrueNs): TrueNs => trueNs(at + 5n * TICK_NS);
