/**
 * The same bytes without anything of ours: over a bare TCP socket, and in messages of package ws. What the wire itself
 * can do on this machine, for the ratios. Sizes are those that were best for each (facts/performance: 256 KiB, 1 MiB).
 */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { monotonicNs } from '@skewbed/runtime/live/clock.ts';
import { WebSocket, WebSocketServer } from 'ws';

const TCP_WRITE_BYTES = 256 * 1024;
const WS_MESSAGE_BYTES = 1024 * 1024;
/** As the credit of a stream of pages. */
const WS_UNDER_WAY = 8;

export type RawServer = { readonly port: number; move(): Promise<number>; close(): void };

/** A server which sends `bytes` to whoever has connected, and takes one byte back as the end. */
export async function serveTcp(bytes: number): Promise<RawServer> {
  let peer: Socket | null = null;
  const block = Buffer.alloc(TCP_WRITE_BYTES, 1);
  const server = createServer({ noDelay: true }, (socket) => {
    peer = socket;
    socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    port: (server.address() as AddressInfo).port,
    async move() {
      const socket = await presence(() => peer);
      const start = monotonicNs();
      return new Promise((done) => {
        socket.once('data', () => done(Number(monotonicNs() - start) / 1e9));
        let left = bytes;
        const more = (): void => {
          while (left > 0) {
            const count = Math.min(left, block.length);
            left -= count;
            if (!socket.write(block.subarray(0, count)) && left > 0) {
              socket.once('drain', more);
              return;
            }
          }
        };
        more();
      });
    },
    close() {
      peer?.destroy();
      server.close();
    },
  };
}

/** Reads `bytes` into one buffer, again and again. */
export function takeTcp(port: number, bytes: number): { close(): void } {
  const buffer = Buffer.alloc(TCP_WRITE_BYTES);
  let left = bytes;
  const socket = connect({
    port,
    host: '127.0.0.1',
    noDelay: true,
    onread: {
      buffer,
      callback(count: number) {
        left -= count;
        if (left === 0) socket.write('.');
        return true;
      },
    },
  });
  socket.on('error', () => socket.destroy());
  return { close: () => socket.destroy() };
}

export async function serveWs(bytes: number): Promise<RawServer> {
  let peer: WebSocket | null = null;
  const block = Buffer.alloc(WS_MESSAGE_BYTES, 1);
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
  server.on('connection', (socket) => {
    peer = socket;
  });
  await new Promise<void>((done) => server.once('listening', done));
  return {
    port: (server.address() as AddressInfo).port,
    async move() {
      const socket = await presence(() => peer);
      const start = monotonicNs();
      return new Promise((done) => {
        socket.once('message', () => done(Number(monotonicNs() - start) / 1e9));
        let left = bytes;
        let underWay = 0;
        const more = (): void => {
          while (left > 0 && underWay < WS_UNDER_WAY) {
            const count = Math.min(left, block.length);
            left -= count;
            underWay++;
            socket.send(block.subarray(0, count), () => {
              underWay--;
              more();
            });
          }
        };
        more();
      });
    },
    close() {
      peer?.terminate();
      server.close();
    },
  };
}

export function takeWs(port: number, bytes: number): { close(): void } {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false });
  let left = bytes;
  socket.on('message', (message: Buffer) => {
    left -= message.length;
    if (left === 0) socket.send('.');
  });
  return { close: () => socket.terminate() };
}

async function presence<T>(of: () => T | null): Promise<T> {
  for (;;) {
    const there = of();
    if (there !== null) return there;
    await new Promise((turn) => setTimeout(turn, 1));
  }
}
