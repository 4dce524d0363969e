/**
 * Message channels between services: a WebSocket with binary messages, or its simulation. In order, whole messages,
 * each at most limits.ts' MESSAGE_MAX_BYTES. Data flows best from the side that accepted (it is unmasked there).
 */
export interface Channel {
  /** Takes ownership of nothing: the bytes may be reused after the call. */
  send(message: Uint8Array): void;
  /** Bytes handed to send() which have not left this process yet. */
  readonly queuedBytes: number;
  close(code: number, reason: string): void;
  handle(handler: ChannelHandler): void;
}

export interface ChannelHandler {
  /** The view is valid during the call only. */
  message(bytes: Uint8Array): void;
  /** queuedBytes has fallen to zero. */
  drained(): void;
  /** Called once, also after close() of our own. 1006 when the link broke. */
  closed(code: number, reason: string): void;
}

export interface Network {
  /** Opens a channel to a path of a peer, such as ('ws://127.0.0.1:7001', '/v1/control'). Failure arrives as closed(). */
  dial(peerUrl: string, path: string): Channel;
  /** What arrives at the paths of this service. The token was checked already. Return a close reason to refuse. */
  accept(onChannel: (path: string, query: ReadonlyMap<string, string>, channel: Channel) => void): void;
}
