/**
 * One end of a channel over a WebSocket (ws), either side. What the simulator's channel does, this one does: messages
 * before the handshake wait for it, nothing comes after our own close(), closed() is told once.
 *
 * A message is copied once when it is sent, as the port promises that its bytes may be reused; ws keeps views. The side
 * that accepted writes messages of many parts, and fragments of messages that it forwards, to the socket itself: whole
 * frames in one go, so that what ws writes (pongs, closes) stands before or behind them.
 */
import type { Socket as TcpSocket } from 'node:net';
import { CLOSE_CODE } from '@skewbed/proto/close-codes.ts';
import { CHANNEL_QUEUE_MAX_BYTES, KEEP_ALIVE_MISSES_MAX, MESSAGE_MAX_BYTES } from '@skewbed/proto/limits.ts';
import type { WebSocket } from 'ws';
import { checkCloseCode, checkMessageSize, closeReason } from '../channel-rules.ts';
import { joined, takeCourse } from '../message-course.ts';
import type { Course, Parts } from '../ports/bulk.ts';
import type { Channel, ChannelHandler } from '../ports/network.ts';
import { frameHeader, OPCODE } from './bulk-frames.ts';
import { piecesOf } from './bulk-pieces.ts';

type Unheard = { readonly message: Uint8Array } | { readonly code: number; readonly reason: string };
type Ending = { readonly code: number; readonly reason: string };

/** RFC 6455: an endpoint terminates the connection because the peer breaks the protocol. */
const PROTOCOL_ERROR = 1002;
/** How ws names a message beyond maxPayload, and one beyond 2^53 bytes. */
const TOO_LONG = new Set(['WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', 'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH']);

export class LiveChannel implements Channel {
  readonly #socket: WebSocket;
  readonly #name: string;
  readonly #ended: (channel: LiveChannel) => void;
  #handler: ChannelHandler | null = null;
  #unheard: Unheard[] = [];
  #early: Buffer[] = [];
  #queuedBytes = 0;
  /** Why it ends, when this side knows better than the close event of ws. */
  #ending: Ending | null = null;
  #closing = false;
  #closed = false;
  #paused = false;
  #misses = 0;
  #fragmentsUnderWay = 0;
  /** Between the fragments of a forwarded message: what else is to be sent waits here. */
  #behindFragments: (() => void)[] | null = null;
  #carrier: TcpSocket | null;
  readonly #accepted: boolean;
  #bytesRead = 0;

  /**
   * Takes over a WebSocket: open with the TCP socket that carries it, or still opening with null. `ended` is called
   * once, before the handler's closed().
   */
  constructor(socket: WebSocket, carrier: TcpSocket | null, name: string, ended: (channel: LiveChannel) => void) {
    this.#socket = socket;
    this.#carrier = carrier;
    this.#accepted = carrier !== null;
    this.#name = name;
    this.#ended = ended;
    socket.on('open', () => this.#opened());
    socket.on('message', (data: Buffer, isBinary: boolean) => this.#arrived(data, isBinary));
    socket.on('upgrade', (response) => {
      this.#carrier = response.socket;
    });
    socket.on('error', (error: Error & { code?: string }) => this.#failed(error));
    socket.on('close', (code: number, reason: Buffer) => this.#end(code, reason.toString('utf8')));
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  send(message: Uint8Array): void {
    checkMessageSize(message.length, this.#name);
    if (this.#closing || this.#closed) return;
    if (this.#queuedBytes + message.length > CHANNEL_QUEUE_MAX_BYTES) {
      this.breakOff(CLOSE_CODE.SLOW_PEER, `${this.#name}: over ${CHANNEL_QUEUE_MAX_BYTES} bytes wait for the peer`);
      return;
    }
    const copy = Buffer.from(message);
    this.#queuedBytes += copy.length;
    if (this.#socket.readyState === this.#socket.CONNECTING) this.#early.push(copy);
    else if (this.#behindFragments !== null) this.#behindFragments.push(() => this.#transmit(copy));
    else this.#transmit(copy);
  }

  sendParts(message: Parts, left: () => void): void {
    if (!this.#accepted || this.#behindFragments !== null || this.#closing || this.#closed) {
      this.send(joined(message));
      setImmediate(left);
      return;
    }
    const { pieces, bytes, release } = piecesOf(message);
    const leave = (): void => {
      release();
      left();
    };
    if (bytes > MESSAGE_MAX_BYTES || this.#queuedBytes + bytes > CHANNEL_QUEUE_MAX_BYTES) {
      setImmediate(leave);
      checkMessageSize(bytes, this.#name);
      this.breakOff(CLOSE_CODE.SLOW_PEER, `${this.#name}: over ${CHANNEL_QUEUE_MAX_BYTES} bytes wait for the peer`);
      return;
    }
    this.#queuedBytes += bytes;
    this.#writeFrame(frameHeader({ opcode: OPCODE.BINARY, fin: true }, bytes), pieces, () => {
      leave();
      this.#gone(bytes);
    });
  }

  /** Whether sendFragment() can be used: this side accepted, and its frames are not masked. */
  get sendsFragments(): boolean {
    return this.#accepted;
  }

  /** Fragments which have not left yet. */
  get fragmentsUnderWay(): number {
    return this.#fragmentsUnderWay;
  }

  /** A piece of a message that comes piece by piece; nothing else is sent between the first and the last. */
  sendFragment(bytes: Uint8Array, place: { readonly first: boolean; readonly last: boolean }, left: () => void): void {
    if (this.#closing || this.#closed) {
      setImmediate(left);
      return;
    }
    this.#behindFragments ??= [];
    this.#queuedBytes += bytes.length;
    this.#fragmentsUnderWay++;
    const opcode = place.first ? OPCODE.BINARY : OPCODE.CONTINUATION;
    this.#writeFrame(frameHeader({ opcode, fin: place.last }, bytes.length), [bytes], () => {
      this.#fragmentsUnderWay--;
      left();
      this.#gone(bytes.length);
    });
    if (!place.last) return;
    const behind = this.#behindFragments;
    this.#behindFragments = null;
    for (const send of behind) send();
  }

  close(code: number, reason: string): void {
    checkCloseCode(code, this.#name);
    if (this.#closing || this.#closed) return;
    const why = closeReason(reason);
    if (this.#socket.readyState === this.#socket.CONNECTING) {
      this.breakOff(code, why);
      return;
    }
    this.#closing = true;
    this.#resume();
    this.#socket.close(code, why);
  }

  handle(handler: ChannelHandler): void {
    this.#handler = handler;
    if (this.#unheard.length > 0) setImmediate(() => this.#tellUnheard());
    this.#resume();
  }

  /** Ends it without a farewell: the peer sees a broken link, our handler sees this code. */
  breakOff(code: number, reason: string): void {
    if (this.#closed) return;
    this.#closing = true;
    this.#ending ??= { code, reason };
    this.#socket.terminate();
  }

  /** One beat of the keep-alive: asks the peer for a sign of life, and gives up when several were missed. */
  beat(): void {
    if (this.#closed || this.#socket.readyState !== this.#socket.OPEN) return;
    // Any byte is a sign of life: over a slow link the answer to a ping waits behind megabytes of pages.
    const bytesRead = this.#carrier?.bytesRead ?? 0;
    if (bytesRead !== this.#bytesRead) this.#misses = 0;
    this.#bytesRead = bytesRead;
    if (this.#misses >= KEEP_ALIVE_MISSES_MAX) {
      this.breakOff(CLOSE_CODE.BROKEN, `keep-alive: ${this.#misses} pings without an answer`);
      return;
    }
    // Beats are counted, not timed: when this process itself was stopped for long, one beat comes late, not three.
    this.#misses++;
    this.#socket.ping();
  }

  #opened(): void {
    const early = this.#early;
    this.#early = [];
    for (const message of early) this.#transmit(message);
  }

  #transmit(bytes: Buffer): void {
    this.#socket.send(bytes, { binary: true, compress: false, fin: true }, () => this.#gone(bytes.length));
  }

  /** One frame, header and pieces in one call into the kernel; nothing of ws can come between. */
  #writeFrame(header: Uint8Array, pieces: readonly Uint8Array[], left: () => void): void {
    const carrier = this.#carrier as TcpSocket;
    carrier.cork();
    let before = header;
    for (const piece of pieces) {
      carrier.write(before);
      before = piece;
    }
    carrier.write(before, left);
    carrier.uncork();
  }

  #gone(bytes: number): void {
    if (this.#closed) return;
    // The peer's TCP takes bytes: that is a sign of life, too.
    this.#misses = 0;
    this.#queuedBytes -= bytes;
    if (this.#queuedBytes === 0 && !this.#closing) this.#handler?.drained();
  }

  #arrived(data: Buffer, isBinary: boolean): void {
    if (this.#closing || this.#closed) return;
    if (!isBinary) {
      this.#ending = { code: CLOSE_CODE.UNSUPPORTED, reason: 'the peer sent text; messages are binary' };
      this.close(CLOSE_CODE.UNSUPPORTED, 'text message: messages are binary');
      return;
    }
    // A plain Uint8Array: slice() of a Buffer shares its memory, that of a Uint8Array does not.
    const message = new Uint8Array(data.buffer, data.byteOffset, data.length);
    if (this.#handler === null || this.#unheard.length > 0) {
      this.#unheard.push({ message });
      // Nobody listens yet; the peer waits in its own memory and not in ours.
      this.#socket.pause();
      this.#paused = true;
      return;
    }
    this.#hand(message, this.#handler);
  }

  /** A message that ws has gathered takes its course, too. */
  #hand(message: Uint8Array, handler: ChannelHandler): void {
    const course: Course | null = handler.begins?.(message) ?? null;
    takeCourse(course, message, handler);
  }

  #failed(error: Error & { code?: string }): void {
    // What ws reports after the handshake is the peer's breach of the protocol, which it has answered with a close
    // frame already, or a broken socket.
    this.#closing = true;
    if (error.code !== undefined && TOO_LONG.has(error.code)) {
      this.#ending ??= { code: CLOSE_CODE.TOO_BIG, reason: 'the peer sent a message beyond the limit' };
    } else if (error.code?.startsWith('WS_ERR_')) {
      this.#ending ??= { code: PROTOCOL_ERROR, reason: error.message };
    } else {
      this.#ending ??= { code: CLOSE_CODE.BROKEN, reason: `${this.#name}: ${error.message || error.code}` };
    }
  }

  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#socket.resume();
  }

  #end(code: number, reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#queuedBytes = 0;
    this.#early = [];
    this.#ended(this);
    const ending = this.#ending ?? { code, reason };
    if (this.#handler === null || this.#unheard.length > 0) this.#unheard.push(ending);
    else this.#handler.closed(ending.code, ending.reason);
  }

  #tellUnheard(): void {
    const handler = this.#handler as ChannelHandler;
    while (this.#unheard.length > 0) {
      const next = this.#unheard.shift() as Unheard;
      if ('code' in next) handler.closed(next.code, next.reason);
      else if (!this.#closing) this.#hand(next.message, handler);
    }
  }
}
