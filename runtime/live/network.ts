/**
 * The Network port over WebSockets (package ws). Dials with the token in the Authorization header; takes upgrades from
 * an existing node:http server, so that HTTP routes and channels share a port, and checks each one first. Compression is
 * off: pages do not shrink much, and it would copy them twice. Data goes best from server to client (RFC 6455 masks the
 * other way).
 */
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { CLOSE_CODE } from '@skewbed/proto/close-codes.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import {
  CHANNELS_MAX,
  CLOSE_TIMEOUT_NS,
  HANDSHAKE_TIMEOUT_NS,
  KEEP_ALIVE_PERIOD_NS,
  MESSAGE_MAX_BYTES,
} from '@skewbed/proto/limits.ts';
import { NS_PER_MS } from '@skewbed/proto/units.ts';
import { WebSocket, WebSocketServer } from 'ws';
import { type ChannelPath, parseChannelPath } from '../channel-rules.ts';
import { closeCodeOfStatus } from '../close-codes.ts';
import type { Channel, Network } from '../ports/network.ts';
import type { Access } from './access.ts';
import { BulkChannel } from './bulk-channel.ts';
import { handshakeTo } from './bulk-handshake.ts';
import { LiveChannel } from './channel.ts';

export type LiveNetworkOptions = {
  /** What we show to peers. */
  readonly token: string;
  /** What we ask of peers. */
  readonly access: Access;
  /** Beats of the keep-alive; tests make them short. */
  readonly keepAliveMs?: number;
  /** Open channels at most; tests make it small. */
  readonly channelsMax?: number;
};

type Acceptor = Parameters<Network['accept']>[0];
type HttpRefusal = { readonly status: number; readonly code: string; readonly message: string };

const SOCKET_OPTIONS = {
  perMessageDeflate: false,
  maxPayload: MESSAGE_MAX_BYTES,
  closeTimeout: Number(CLOSE_TIMEOUT_NS / NS_PER_MS),
} as const;
/** Carries the error's code next to the HTTP status, so that nobody has to read a body. */
const ERROR_HEADER = 'skewbed-error';

export class LiveNetwork implements Network {
  readonly #options: LiveNetworkOptions;
  readonly #server = new WebSocketServer({ noServer: true, clientTracking: false, ...SOCKET_OPTIONS });
  readonly #channels = new Set<LiveChannel | BulkChannel>();
  readonly #beat: NodeJS.Timeout;
  #acceptor: Acceptor | null = null;
  #down = false;

  constructor(options: LiveNetworkOptions) {
    this.#options = options;
    const period = options.keepAliveMs ?? Number(KEEP_ALIVE_PERIOD_NS / NS_PER_MS);
    this.#beat = setInterval(() => {
      for (const channel of [...this.#channels]) channel.beat();
    }, period);
    this.#beat.unref();
  }

  /** Open and opening channels of this process. */
  get channels(): number {
    return this.#channels.size;
  }

  dial(peerUrl: string, path: string): Channel {
    return this.#dialWebSocket(peerUrl, path);
  }

  dialStream(peerUrl: string, path: string): Channel {
    const parsed = parseChannelPath(path);
    const address = addressOf(peerUrl, path);
    // TLS decrypts into buffers of its own: nothing is gained there, and ws knows how to dial it.
    if (address === null || address.startsWith('wss:')) return this.#dialWebSocket(peerUrl, path);
    const url = new URL(address);
    const channel = new BulkChannel({
      host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: Number(url.port || 80),
      handshake: handshakeTo(url, { Authorization: `Bearer ${this.#options.token}` }),
      errorHeader: ERROR_HEADER,
      name: `dial ${peerUrl}${parsed.path}`,
      ended: (ended) => this.#channels.delete(ended),
    });
    this.#channels.add(channel);
    return channel;
  }

  accept(onChannel: Acceptor): void {
    this.#acceptor = onChannel;
  }

  /** Takes the upgrades of a server whose path `isOurs`; others are left to whoever else listens. Default: all. */
  attach(server: Server, isOurs: (path: string) => boolean = () => true): void {
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (isOurs((request.url ?? '/').split('?', 1)[0] as string)) this.#upgrade(request, socket, head);
    });
  }

  /** Says goodbye to every peer and takes no more of them. */
  shutDown(): void {
    this.#down = true;
    clearInterval(this.#beat);
    for (const channel of [...this.#channels]) channel.close(CLOSE_CODE.GOING_AWAY, 'the service ends');
  }

  #dialWebSocket(peerUrl: string, path: string): Channel {
    const parsed = parseChannelPath(path);
    const address = addressOf(peerUrl, path);
    const socket = new WebSocket(address ?? NOBODY, {
      ...SOCKET_OPTIONS,
      handshakeTimeout: Number(HANDSHAKE_TIMEOUT_NS / NS_PER_MS),
      followRedirects: false,
      headers: { authorization: `Bearer ${this.#options.token}` },
    });
    const channel = this.#adopt(socket, null, `dial ${peerUrl}${parsed.path}`);
    if (address === null) channel.breakOff(CLOSE_CODE.BROKEN, `dial ${peerUrl.slice(0, 100)}: this is no ws:// URL`);
    socket.on('unexpected-response', (_request, response) => {
      response.resume();
      const status = response.statusCode ?? 0;
      const said = response.headers[ERROR_HEADER];
      const why = typeof said === 'string' ? said.slice(0, 200) : 'no reason given';
      channel.breakOff(closeCodeOfStatus(status), `dial ${peerUrl}${parsed.path}: HTTP ${status}, ${why}`);
    });
    return channel;
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // A peer that resets in the middle of its handshake must not end the process.
    socket.on('error', () => socket.destroy());
    const refusal = this.#refusalOf(request);
    if (refusal !== null) {
      refuse(socket, refusal);
      return;
    }
    let path: ChannelPath;
    try {
      path = parseChannelPath(request.url ?? '');
    } catch (error) {
      const { code, message } = error instanceof SkewbedError ? error : { code: 'bad-argument', message: 'bad path' };
      refuse(socket, { status: 400, code, message });
      return;
    }
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      const channel = this.#adopt(webSocket, request.socket, `accepted ${path.path}`);
      this.#acceptor?.(path.path, path.query, channel);
    });
  }

  #refusalOf(request: IncomingMessage): HttpRefusal | null {
    const refusal = this.#options.access.refuse(request.headers);
    if (refusal !== null) return refusal;
    if (this.#acceptor === null || this.#down) {
      return { status: 503, code: 'refused', message: 'the service takes no channels now: try again later' };
    }
    const most = this.#options.channelsMax ?? CHANNELS_MAX;
    if (this.#channels.size < most) return null;
    return { status: 503, code: 'limit-exceeded', message: `${most} channels are open: close some` };
  }

  #adopt(socket: WebSocket, carrier: Socket | null, name: string): LiveChannel {
    const channel = new LiveChannel(socket, carrier, name, (ended) => this.#channels.delete(ended));
    this.#channels.add(channel);
    return channel;
  }
}

/** The full URL of a channel; null when the peer's is none. A peer may name its own, so this must not throw. */
function addressOf(peerUrl: string, path: string): string | null {
  if (!URL.canParse(peerUrl)) return null;
  const url = new URL(peerUrl);
  if ((url.protocol !== 'ws:' && url.protocol !== 'wss:') || url.username !== '' || url.search !== '') return null;
  return `${url.protocol}//${url.host}${url.pathname.replace(/\/$/, '')}${path}`;
}

/** A socket needs some address even if it is broken off at once. Nobody can listen at port 0. */
const NOBODY = 'ws://127.0.0.1:0/';

function refuse(socket: Duplex, { status, code, message }: HttpRefusal): void {
  const body = JSON.stringify({ code, message });
  socket.once('finish', () => socket.destroy());
  socket.end(
    [
      `HTTP/1.1 ${status} ${status === 401 ? 'Unauthorized' : 'Refused'}`,
      'Connection: close',
      'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      ...(status === 401 ? ['WWW-Authenticate: Bearer'] : []),
      `${ERROR_HEADER}: ${code}`,
      '',
      body,
    ].join('\r\n'),
  );
}
