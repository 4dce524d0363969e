/**
 * What one channel carries over loopback, from the side that accepted, as page data goes. A plain script:
 * node runtime/live/network.bench.ts
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Access } from './access.ts';
import { monotonicNs } from './clock.ts';
import { LiveNetwork } from './network.ts';

const TOKEN = 'benchmark-on-loopback';
const TOTAL_BYTES = 2 * 1024 ** 3;
/** How many messages may be under way, as with the relay's credits. */
const CREDIT = 8;

const network = new LiveNetwork({ token: TOKEN, access: new Access({ token: TOKEN }) });
const server = createServer();
network.attach(server);
await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;

for (const kib of [4, 256, 1024, 4096]) {
  const message = new Uint8Array(kib * 1024).fill(1);
  const count = Math.min(TOTAL_BYTES / message.length, 100_000);
  const start = monotonicNs();
  await new Promise<void>((done) => {
    network.accept((_path, _query, channel) => {
      let sent = 0;
      const more = (): void => {
        if (sent++ < count) channel.send(message);
      };
      channel.handle({ message: more, drained: () => undefined, closed: () => undefined });
      for (let i = 0; i < CREDIT; i++) more();
    });
    let received = 0;
    const near = network.dial(url, '/v1/streams/bench');
    const ack = new Uint8Array(8);
    near.handle({
      message: () => {
        near.send(ack);
        if (++received === count) near.close(1000, 'done');
      },
      drained: () => undefined,
      closed: () => done(),
    });
  });
  const seconds = Number(monotonicNs() - start) / 1e9;
  const rate = (count * message.length) / seconds / 1024 ** 2;
  process.stdout.write(
    `${String(kib).padStart(5)} KiB  ${Math.round(rate).toLocaleString('en').padStart(8)} MiB/s  ${Math.round(
      count / seconds,
    )
      .toLocaleString('en')
      .padStart(8)} messages/s\n`,
  );
}
network.shutDown();
server.close();
