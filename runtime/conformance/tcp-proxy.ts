/** A TCP proxy on loopback which hands bytes on as long as it likes: faults for tests, without either side's part in it. */
import { connect, createServer, type Server, type Socket } from 'node:net';

export class TcpProxy {
  readonly server: Server;
  readonly #sockets = new Set<Socket>();
  #swallowing = false;

  constructor(port: number) {
    this.server = createServer((near) => {
      const far = connect(port, '127.0.0.1');
      this.#join(near, far);
      this.#join(far, near);
    });
  }

  /** Breaks every connection through it, both ways. */
  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Lets no byte through from now on, and tells nobody. */
  swallow(): void {
    this.#swallowing = true;
  }

  #join(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.on('data', (bytes) => {
      if (!this.#swallowing) to.write(bytes);
    });
    from.on('end', () => {
      if (!this.#swallowing) to.end();
    });
    from.on('error', () => from.destroy());
    from.on('close', () => {
      this.#sockets.delete(from);
      if (!this.#swallowing) to.destroy();
    });
  }
}
