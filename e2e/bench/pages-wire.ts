/**
 * The two ends and the relay of a stream of pages, as nodes and coordinator have them: the same batches, credits,
 * acknowledgements and checks, without a guest that runs and without a hand-over.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { courseOfPages, sendPages } from '@skewbed/hypervisor-node/core/page-batches.ts';
import { peekBatch, type RunningChecksum } from '@skewbed/proto/bulk-batch.ts';
import { decode, encode } from '@skewbed/proto/codec.ts';
import { STREAM_CREDIT_BATCHES, STREAM_QUEUE_BYTES } from '@skewbed/proto/limits.ts';
import { checksums } from '@skewbed/runtime/checksum.ts';
import { Access } from '@skewbed/runtime/live/access.ts';
import { monotonicNs } from '@skewbed/runtime/live/clock.ts';
import { LiveNetwork } from '@skewbed/runtime/live/network.ts';
import type { Checksum } from '@skewbed/runtime/ports/checksum.ts';
import type { Channel, ChannelHandler } from '@skewbed/runtime/ports/network.ts';
import type { GuestMemory } from './guest-memory.ts';
import type { SumName } from './orders.ts';

const TOKEN = 'benchmark-on-loopback';
const MIGRATION = 'bench';
const PATH = `/v1/streams/${MIGRATION}`;

export type End = { close(): void };

/** A service with that port open; `accepted` gets what is dialled. */
export async function listen(
  accepted: (channel: Channel) => void,
): Promise<End & { port: number; network: LiveNetwork }> {
  const network = new LiveNetwork({ token: TOKEN, access: new Access({ token: TOKEN }) });
  const server: Server = createServer();
  network.accept((_path, _query, channel) => accepted(channel));
  network.attach(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    port: (server.address() as AddressInfo).port,
    network,
    close() {
      network.shutDown();
      server.close();
      server.closeAllConnections();
    },
  };
}

/** The source's end: everything once, from the first batch to the last acknowledgement. */
export class PagesSource {
  readonly #memory: GuestMemory;
  readonly #checksum: Checksum;
  readonly #channel: Channel;

  constructor(memory: GuestMemory, sum: SumName, channel: Channel) {
    this.#memory = memory;
    this.#checksum = checksumOf(sum);
    this.#channel = channel;
  }

  /** Seconds that it took. */
  move(): Promise<number> {
    const start = monotonicNs();
    return new Promise((done, fail) => {
      let pfn = 0;
      let seq = 0;
      let acknowledged = 0;
      const pump = (): void => {
        // As a node does: what waits in the socket beyond this would only be cold when its turn comes.
        const isBusy = () => this.#channel.queuedBytes >= STREAM_QUEUE_BYTES;
        while (pfn < this.#memory.pages && seq - acknowledged < STREAM_CREDIT_BATCHES && !isBusy()) {
          const { runs, next } = this.#memory.batchFrom(pfn);
          const name = { migration: MIGRATION, seq };
          sendPages(this.#channel, { name, runs, checksum: this.#checksum, guest: 'stopped' }, () => undefined);
          pfn = next;
          seq++;
        }
        if (acknowledged === seq) done(Number(monotonicNs() - start) / 1e9);
      };
      this.#channel.handle({
        ...IDLE,
        message(bytes) {
          const message = decode(bytes, 'stream');
          if (message.type !== 'ack') return fail(new Error(`the target said ${JSON.stringify(message)}`));
          acknowledged = message.seq + 1;
          pump();
        },
        drained: pump,
        closed: (code, reason) => fail(new Error(`the stream closed with ${code} ${reason}`)),
      });
      pump();
    });
  }
}

/** The target's end. */
export function takePages(memory: GuestMemory, sum: SumName, port: number): End {
  const network = new LiveNetwork({ token: TOKEN, access: new Access({ token: TOKEN }) });
  const channel = network.dialStream(`ws://127.0.0.1:${port}`, PATH);
  const checksum = checksumOf(sum);
  let due = 0;
  channel.handle({
    ...IDLE,
    begins: (beginning) =>
      courseOfPages(beginning, {
        checksum,
        place(batch, runs) {
          if (batch.seq !== (batch.seq === 0 ? 0 : due)) throw new Error(`batch ${batch.seq} came, ${due} is due`);
          return memory.placesOf(runs);
        },
        placed(batch, runs) {
          memory.clear(runs);
          due = batch.seq + 1;
          channel.send(encode({ type: 'ack', migration: MIGRATION, seq: batch.seq }));
        },
        failed(thrown) {
          throw thrown;
        },
      }),
  });
  return { close: () => network.shutDown() };
}

/** The relay: what the target of this port is sent comes from that one, within the credit. */
export async function relayPages(sourcePort: number): Promise<End & { port: number }> {
  const relay = await listen((target) => {
    const source = relay.network.dialStream(`ws://127.0.0.1:${sourcePort}`, PATH);
    let sent = 0;
    let acknowledged = 0;
    source.handle({
      ...IDLE,
      begins(beginning) {
        const fields = peekBatch(beginning);
        if (fields === 'incomplete') return null;
        if (fields === 'other') return { kind: 'gather' };
        sent++;
        if (sent - acknowledged > STREAM_CREDIT_BATCHES) throw new Error(`batch ${sent} is beyond the credit`);
        return { kind: 'forward', to: target, ended: () => undefined };
      },
    });
    target.handle({
      ...IDLE,
      message(bytes) {
        acknowledged++;
        source.send(bytes);
      },
    });
  });
  return relay;
}

const IDLE: ChannelHandler = { message: () => undefined, drained: () => undefined, closed: () => undefined };

function checksumOf(name: SumName): Checksum {
  if (name !== 'none') return checksums.named(name);
  const nothing: RunningChecksum = { update: () => undefined, value: () => 0n };
  return { name: 'crc32', of: () => 0n, running: () => nothing };
}
