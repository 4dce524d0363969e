/**
 * Real sockets under the conformance suite: every place listens on loopback behind a small TCP proxy, which can break
 * connections or swallow their bytes without either side having a part in it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Server as TcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Access } from '../live/access.ts';
import { coordinatorClock } from '../live/clock.ts';
import { LiveJournal } from '../live/journal.ts';
import { LiveNetwork } from '../live/network.ts';
import { LiveTimers } from '../live/timers.ts';
import type { Harness, Place } from './harness.ts';
import { TcpProxy } from './tcp-proxy.ts';

export const LIVE_TEST_TOKEN = 'conformance-test-token';
/** Short, as the suite waits for the keep-alive to give up. */
const KEEP_ALIVE_MS = 20;

type LivePlace = Place & {
  readonly network: LiveNetwork;
  readonly journal: LiveJournal;
  readonly timers: LiveTimers;
  readonly server: Server;
  readonly proxy: TcpProxy;
};

/** A harness over loopback. */
export function liveHarness(): Harness {
  const folder = mkdtempSync(join(tmpdir(), 'skewbed-conformance-'));
  const places = new Set<LivePlace>();
  const end = async (place: LivePlace): Promise<void> => {
    places.delete(place);
    place.timers.cancelAll();
    place.network.shutDown();
    place.proxy.reset();
    await new Promise<void>((done) => place.proxy.server.close(() => done()));
    await new Promise<void>((done) => {
      place.server.close(() => done());
      place.server.closeAllConnections();
    });
    await new Promise<void>((done) => place.journal.close(done));
  };
  return {
    async start(name) {
      const place = await startPlace(name, join(folder, `${name}.journal`));
      places.add(place);
      return place;
    },
    async crash(place) {
      // What this place dialled goes through the proxies of others; it must break without a farewell, too.
      for (const other of places) other.proxy.reset();
      await end(place as LivePlace);
    },
    cut(a, b) {
      (a as LivePlace).proxy.reset();
      (b as LivePlace).proxy.reset();
    },
    silence(a, b) {
      (a as LivePlace).proxy.swallow();
      (b as LivePlace).proxy.swallow();
    },
    // Waits as long as the test may take: vitest's time-out names the test that hangs.
    async until(_what, condition) {
      while (!condition()) await new Promise((turn) => setTimeout(turn, 1));
    },
    async close() {
      for (const place of [...places]) await end(place);
      rmSync(folder, { recursive: true });
    },
  };
}

/** The same, but every channel is dialled as one that carries a stream. */
export function liveStreamsHarness(): Harness {
  const harness = liveHarness();
  return {
    ...harness,
    async start(name) {
      const place = (await harness.start(name)) as LivePlace;
      const { network } = place;
      network.dial = (peerUrl, path) => network.dialStream(peerUrl, path);
      return place;
    },
  };
}

async function startPlace(name: string, journalPath: string): Promise<LivePlace> {
  const network = new LiveNetwork({
    token: LIVE_TEST_TOKEN,
    access: new Access({ token: LIVE_TEST_TOKEN }),
    keepAliveMs: KEEP_ALIVE_MS,
  });
  const server = createServer();
  network.attach(server);
  const port = await listen(server);
  const proxy = new TcpProxy(port);
  const proxyPort = await listen(proxy.server);
  const clock = coordinatorClock;
  const journal = new LiveJournal(journalPath, (error) => {
    throw error;
  });
  return {
    name,
    url: `ws://127.0.0.1:${proxyPort}`,
    clock,
    timers: new LiveTimers(clock),
    network,
    journal,
    server,
    proxy,
  };
}

async function listen(server: Server | TcpServer): Promise<number> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return (server.address() as AddressInfo).port;
}
