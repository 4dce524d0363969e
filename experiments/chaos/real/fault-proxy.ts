/**
 * A TCP proxy on loopback in front of one process. Who dials, and over which link, it learns from the handshake; until
 * then nothing of a connection goes on. Where the process is not there, the connection is reset.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { SkewbedError } from '@skewbed/proto/errors.ts';
import type { Clock } from '@skewbed/runtime/ports/clock.ts';
import type { Timers } from '@skewbed/runtime/ports/timers.ts';
import type { Passage } from '@skewbed/runtime/sim/link.ts';
import { Connection, type Ends } from './connection.ts';
import type { RealLink } from './real-link.ts';
import { type Unit, WireUnits } from './wire-units.ts';

export type Route = { readonly link: RealLink; readonly dialler: string; readonly dialled: string };

export type ProxyParts = {
  readonly clock: Clock;
  readonly timers: Timers;
  /** Whose connection it is, from what was dialled; null refuses it. */
  readonly route: (target: URL) => Route | null;
  /** Where the process listens now; null while it does not. */
  readonly port: () => number | null;
  readonly hear: (passage: Passage) => void;
  readonly failed: (error: SkewbedError) => void;
  readonly diallerGone: (ends: Ends) => void;
};

export class FaultProxy {
  readonly #parts: ProxyParts;
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  readonly #knocking = new Set<Socket>();

  constructor(parts: ProxyParts) {
    this.#parts = parts;
    this.#server = createServer({ allowHalfOpen: true }, (near) => this.#knock(near));
  }

  /** Listens, and gives the port. */
  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  /** Ends everything that goes through it. */
  close(): void {
    this.#server.close();
    for (const near of this.#knocking) near.destroy();
    for (const connection of this.#connections) connection.destroy();
  }

  #knock(near: Socket): void {
    const units = new WireUnits();
    this.#knocking.add(near);
    const ignore = (): void => {};
    near.on('error', ignore);
    near.once('close', () => this.#knocking.delete(near));
    const listen = (bytes: Buffer): void => {
      const already = this.#understood(near, units, bytes);
      if (already.length === 0) return;
      near.off('data', listen);
      this.#knocking.delete(near);
      this.#open(near, units, already);
    };
    near.on('data', listen);
  }

  #understood(near: Socket, units: WireUnits, bytes: Buffer): readonly Unit[] {
    try {
      return units.take(bytes);
    } catch {
      near.resetAndDestroy();
      return [];
    }
  }

  #open(near: Socket, units: WireUnits, already: readonly Unit[]): void {
    const target = targetOf(already[0] as Unit);
    const route = target === null ? null : this.#parts.route(target);
    const port = this.#parts.port();
    if (target === null || route === null || port === null || !route.link.takes()) {
      near.resetAndDestroy();
      return;
    }
    const { link, dialler, dialled } = route;
    const far = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    const connection: Connection = new Connection(
      { path: target.pathname, dialler, dialled },
      { ...this.#parts, near, far, link, units, over: () => this.#connections.delete(connection) },
    );
    this.#connections.add(connection);
    link.join(connection);
    connection.begin(already);
  }
}

/** What was dialled, as the request line says. */
function targetOf(unit: Unit): URL | null {
  const line = unit.kind === 'head' ? /^GET (\/\S*) HTTP\/1\.1\r?$/m.exec(unit.text) : null;
  return line === null ? null : new URL(line[1] as string, 'http://proxy');
}
