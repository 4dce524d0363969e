/**
 * Message channels between services: a WebSocket with binary messages, or its simulation. In order, whole messages,
 * each at most limits.ts' MESSAGE_MAX_BYTES. Data flows best from the side that accepted (it is unmasked there).
 */
import type { Course, Parts } from './bulk.ts';

export interface Channel {
  /**
   * Takes ownership of nothing: the bytes may be reused after the call. Before the channel is open messages wait for it;
   * after its end they are dropped, as the peer may end it at any time. Throws 'limit-exceeded' on a message beyond
   * MESSAGE_MAX_BYTES. When more than CHANNEL_QUEUE_MAX_BYTES would wait, the channel ends with SLOW_PEER.
   */
  send(message: Uint8Array): void;
  /**
   * As send() of all parts one behind the other, without copying long ones where that can be. `left` is called once,
   * never within the call: the parts are the caller's again (they have left this process, or never will).
   */
  sendParts(message: Parts, left: () => void): void;
  /** Bytes handed to send() which have not left this process yet. */
  readonly queuedBytes: number;
  /** Says goodbye behind what was sent. No message comes after it, only closed(). A second call does nothing. */
  close(code: number, reason: string): void;
  /** What came before the first handler is told to it. A later handler takes the place of the earlier one. */
  handle(handler: ChannelHandler): void;
}

export interface ChannelHandler {
  /** The view is valid during the call only. It is a plain Uint8Array: slice() copies. */
  message(bytes: Uint8Array): void;
  /**
   * Optional. Asked with the first bytes of each message (valid during the call) where it shall go. Null asks for more
   * bytes, at most until BULK_BEGINNING_MAX_BYTES or the whole message are there. Only what is gathered comes to message().
   */
  begins?(beginning: Uint8Array): Course | null;
  /** queuedBytes has fallen to zero. */
  drained(): void;
  /** Called once, also after close() of our own. 1006 when the link broke. */
  closed(code: number, reason: string): void;
}

export interface Network {
  /** Opens a channel to a path of a peer, such as ('ws://127.0.0.1:7001', '/v1/control'). Failure arrives as closed(). */
  dial(peerUrl: string, path: string): Channel;
  /** As dial, for a channel on which the peer will send megabytes: they take their course without a copy. */
  dialStream(peerUrl: string, path: string): Channel;
  /** What arrives at the paths of this service. The token was checked already. Refuse by closing. */
  accept(onChannel: (path: string, query: ReadonlyMap<string, string>, channel: Channel) => void): void;
}
