/**
 * The client's end of a channel on which the server sends megabytes. It opens its own socket, because only a socket that
 * is made so reads into buffers of ours (`onread` of node:net): the kernel then puts the pages of a migration into the
 * guest's memory itself. For everything else it behaves as LiveChannel does; the conformance suite holds them together.
 */
import { connect, type Socket } from 'node:net';
import { CLOSE_CODE } from '@skewbed/proto/close-codes.ts';
import {
  CHANNEL_QUEUE_MAX_BYTES,
  CLOSE_TIMEOUT_NS,
  HANDSHAKE_TIMEOUT_NS,
  KEEP_ALIVE_MISSES_MAX,
} from '@skewbed/proto/limits.ts';
import { NS_PER_MS } from '@skewbed/proto/units.ts';
import { checkCloseCode, checkMessageSize, closeReason } from '../channel-rules.ts';
import { joined } from '../message-course.ts';
import type { Course, Parts } from '../ports/bulk.ts';
import type { Channel, ChannelHandler } from '../ports/network.ts';
import { BulkFrameReader } from './bulk-frame-reader.ts';
import { closePayload, maskedFrame, OPCODE } from './bulk-frames.ts';
import { HANDSHAKE_ANSWER_MAX_BYTES, type Handshake, readAnswer } from './bulk-handshake.ts';
import { outletTo } from './forward-outlet.ts';

type Ending = { readonly code: number; readonly reason: string };
type Phase = 'opening' | 'open' | 'closing' | 'closed';

export type BulkDial = {
  readonly host: string;
  readonly port: number;
  readonly handshake: Handshake;
  /** Header in which a service says why it refuses. */
  readonly errorHeader: string;
  readonly name: string;
  readonly ended: (channel: BulkChannel) => void;
};

const NOTHING = new Uint8Array(0);
const NO_CODE = 1005;

export class BulkChannel implements Channel {
  readonly #dial: BulkDial;
  readonly #socket: Socket;
  readonly #reader = new BulkFrameReader({
    begins: (beginning) => this.#begins(beginning),
    message: (bytes) => {
      if (this.#phase === 'open') this.#handler?.message(bytes);
    },
    ping: (payload) => {
      if (!this.#saidClose) this.#socket.write(maskedFrame({ opcode: OPCODE.PONG, fin: true }, payload));
    },
    pong: () => {
      this.#misses = 0;
    },
    closed: (code, reason) => this.#peerClosed(code, reason),
    broken: (code, reason) => this.#peerBroke(code, reason),
    outletOf: (to) => outletTo(to, this.#goOn),
  });
  #phase: Phase = 'opening';
  #handler: ChannelHandler | null = null;
  /** The answer to the handshake, and what comes behind it before anybody listens. */
  #inbox = new Uint8Array(HANDSHAKE_ANSWER_MAX_BYTES);
  #inboxFrom = 0;
  #inboxTo = 0;
  /** What #buffer() gave out last lies in the inbox. */
  #intoInbox = true;
  #early: Uint8Array[] = [];
  #queuedBytes = 0;
  #ending: Ending | null = null;
  /** Our close frame has left; the peer's is an answer. */
  #saidClose = false;
  #told = false;
  #misses = 0;
  #bytesRead = 0;
  #patience: NodeJS.Timeout;

  constructor(dial: BulkDial) {
    this.#dial = dial;
    this.#socket = connect({
      host: dial.host,
      port: dial.port,
      noDelay: true,
      onread: { buffer: () => this.#buffer(), callback: (count: number) => this.#took(count) },
    });
    this.#socket.on('connect', () => this.#socket.write(dial.handshake.request));
    this.#socket.on('error', (error: Error & { code?: string }) => {
      this.#ending ??= { code: CLOSE_CODE.BROKEN, reason: `${dial.name}: ${error.message || error.code}` };
    });
    this.#socket.on('close', () => this.#ended());
    this.#patience = setTimeout(
      () => this.breakOff(CLOSE_CODE.BROKEN, `${dial.name}: the handshake timed out`),
      Number(HANDSHAKE_TIMEOUT_NS / NS_PER_MS),
    );
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  send(message: Uint8Array): void {
    checkMessageSize(message.length, this.#dial.name);
    if (this.#phase === 'closing' || this.#phase === 'closed') return;
    if (this.#queuedBytes + message.length > CHANNEL_QUEUE_MAX_BYTES) {
      this.breakOff(
        CLOSE_CODE.SLOW_PEER,
        `${this.#dial.name}: over ${CHANNEL_QUEUE_MAX_BYTES} bytes wait for the peer`,
      );
      return;
    }
    this.#queuedBytes += message.length;
    if (this.#phase === 'opening') this.#early.push(new Uint8Array(message));
    else this.#transmit(message);
  }

  /** A client masks what it sends (RFC 6455, 5.3), which is a copy: parts are of no use on this side. */
  sendParts(message: Parts, left: () => void): void {
    this.send(joined(message));
    setImmediate(left);
  }

  close(code: number, reason: string): void {
    checkCloseCode(code, this.#dial.name);
    if (this.#phase === 'closing' || this.#phase === 'closed') return;
    const why = closeReason(reason);
    if (this.#phase === 'opening') {
      this.breakOff(code, why);
      return;
    }
    this.#phase = 'closing';
    this.#sayClose(closePayload(code, why));
    if (this.#reader.scatters) this.#takePlacesBack({ code, reason: why });
    // The answer may stand behind messages that nobody had listened to.
    this.#resume();
  }

  handle(handler: ChannelHandler): void {
    const first = this.#handler === null;
    this.#handler = handler;
    if (first) setImmediate(() => this.#listen());
  }

  /** Ends it without a farewell: the peer sees a broken link, our handler sees this code. */
  breakOff(code: number, reason: string): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closing';
    this.#ending ??= { code, reason };
    this.#reader.stop();
    this.#socket.destroy();
  }

  /** One beat of the keep-alive: asks the peer for a sign of life, and gives up when several were missed. */
  beat(): void {
    if (this.#phase !== 'open') return;
    const { bytesRead } = this.#socket;
    if (bytesRead !== this.#bytesRead || this.#waits) this.#misses = 0;
    this.#bytesRead = bytesRead;
    if (this.#misses >= KEEP_ALIVE_MISSES_MAX) {
      this.breakOff(CLOSE_CODE.BROKEN, `keep-alive: ${this.#misses} pings without an answer`);
      return;
    }
    this.#misses++;
    this.#socket.write(maskedFrame({ opcode: OPCODE.PING, fin: true }, NOTHING));
  }

  #begins(beginning: Uint8Array): Course | null {
    const handler = this.#handler;
    return this.#phase !== 'open' || handler?.begins === undefined ? { kind: 'gather' } : handler.begins(beginning);
  }

  /** The peer's close frame. It is answered with the same, and the server then ends the connection. */
  #peerClosed(code: number, reason: string): void {
    this.#ending ??= { code, reason };
    this.#phase = 'closing';
    if (!this.#saidClose) this.#sayClose(code === NO_CODE ? NOTHING : closePayload(code, reason));
    this.#socket.end();
  }

  #peerBroke(code: number, reason: string): void {
    this.#ending ??= { code, reason };
    this.#phase = 'closing';
    if (!this.#saidClose) this.#sayClose(closePayload(code, closeReason(reason)));
    this.#socket.destroySoon();
  }

  /** Nobody listens, or a message that is forwarded cannot go on: the peer waits in its own memory and not in ours. */
  get #waits(): boolean {
    if (this.#phase === 'opening') return false;
    return this.#handler === null ? this.#inboxFrom < this.#inboxTo : this.#reader.stalled;
  }

  #buffer(): Uint8Array {
    this.#intoInbox = this.#phase === 'opening' || this.#handler === null;
    if (!this.#intoInbox) return this.#reader.buffer();
    if (this.#inboxTo === this.#inbox.length) {
      const grown = new Uint8Array(2 * this.#inbox.length);
      grown.set(this.#inbox);
      this.#inbox = grown;
    }
    return this.#inbox.subarray(this.#inboxTo);
  }

  #took(count: number): boolean {
    if (this.#intoInbox) {
      this.#inboxTo += count;
      if (this.#phase === 'opening') this.#readAnswer();
      this.#readInbox();
    } else {
      this.#reader.took(count);
    }
    return !this.#waits;
  }

  #readInbox(): void {
    if (this.#phase === 'opening' || this.#handler === null) return;
    const bytes = this.#inbox.subarray(this.#inboxFrom, this.#inboxTo);
    this.#inboxFrom = this.#inboxTo;
    this.#reader.put(bytes);
  }

  /**
   * Whoever closes takes its places back at once, and the socket would still read into one of them. It is given another
   * buffer, by a method of Node's that is not documented; without it nothing is read any more, and no answer waited for.
   */
  #takePlacesBack(ending: Ending): void {
    this.#reader.discard();
    const handle = (this.#socket as { _handle?: { useUserBuffer?: (buffer: Uint8Array) => void } })._handle;
    if (typeof handle?.useUserBuffer === 'function') {
      handle.useUserBuffer(this.#buffer());
      return;
    }
    this.#ending = ending;
    this.#reader.stop();
    this.#socket.pause();
    this.#socket.destroySoon();
  }

  #readAnswer(): void {
    const { handshake, errorHeader, name } = this.#dial;
    const found = readAnswer(this.#inbox.subarray(0, this.#inboxTo), handshake.key, errorHeader);
    switch (found.answer) {
      case 'incomplete':
        return;
      case 'refused':
        this.breakOff(found.code, `${name}: ${found.why}`);
        return;
      case 'open':
        this.#inboxFrom = found.rest;
        this.#opened();
        return;
      default:
        found satisfies never;
    }
  }

  #opened(): void {
    clearTimeout(this.#patience);
    this.#phase = 'open';
    const early = this.#early;
    this.#early = [];
    for (const message of early) this.#transmit(message);
  }

  #listen(): void {
    if (this.#phase !== 'closed') {
      this.#readInbox();
      this.#resume();
    }
    this.#tell();
  }

  /** A buffer of a forwarded message came back. */
  readonly #goOn = (): void => {
    if (this.#phase === 'closed') return;
    this.#reader.proceed();
    this.#resume();
  };

  #resume(): void {
    if (this.#phase !== 'opening' && !this.#waits && !this.#socket.destroyed) this.#socket.resume();
  }

  #transmit(message: Uint8Array): void {
    const { length } = message;
    this.#socket.write(maskedFrame({ opcode: OPCODE.BINARY, fin: true }, message), () => {
      if (this.#phase === 'closed') return;
      this.#misses = 0;
      this.#queuedBytes -= length;
      if (this.#queuedBytes === 0 && this.#phase === 'open') this.#handler?.drained();
    });
  }

  #sayClose(payload: Uint8Array): void {
    this.#saidClose = true;
    this.#socket.write(maskedFrame({ opcode: OPCODE.CLOSE, fin: true }, payload));
    clearTimeout(this.#patience);
    this.#patience = setTimeout(() => this.#socket.destroy(), Number(CLOSE_TIMEOUT_NS / NS_PER_MS));
  }

  #ended(): void {
    if (this.#phase === 'closed') return;
    clearTimeout(this.#patience);
    this.#phase = 'closed';
    this.#reader.stop();
    this.#queuedBytes = 0;
    this.#early = [];
    this.#ending ??= { code: CLOSE_CODE.BROKEN, reason: `${this.#dial.name}: the connection ended without a close` };
    this.#dial.ended(this);
    this.#tell();
  }

  #tell(): void {
    if (this.#phase !== 'closed' || this.#handler === null || this.#told || this.#ending === null) return;
    this.#told = true;
    this.#handler.closed(this.#ending.code, this.#ending.reason);
  }
}
