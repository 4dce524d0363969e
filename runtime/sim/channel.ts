/**
 * One end of a simulated channel. It behaves as runtime/live/channel.ts does over a WebSocket: what is sent before the
 * handshake is done waits for it, a close frame is answered with the same code, and after our own close() no message
 * comes any more. conformance/ holds the two together.
 */

import { CLOSE_CODE } from '@skewbed/proto/close-codes.ts';
import { CHANNEL_QUEUE_MAX_BYTES, CLOSE_TIMEOUT_NS } from '@skewbed/proto/limits.ts';
import { checkCloseCode, checkMessageSize, closeReason } from '../channel-rules.ts';
import type { QueuedEvent } from '../event-queue.ts';
import { joined, takeCourse } from '../message-course.ts';
import type { Parts } from '../ports/bulk.ts';
import type { Channel, ChannelHandler } from '../ports/network.ts';
import { Lane } from './lane.ts';
import type { Link } from './link.ts';
import type { SimProcess } from './process.ts';
import type { Simulation } from './simulation.ts';

type State = 'opening' | 'open' | 'closing' | 'closed';
/** What came before anybody had called handle(). */
type Unheard = { readonly message: Uint8Array } | { readonly code: number; readonly reason: string };

/** A close frame's size on the wire: header, code, reason; it matters only where bandwidth is bounded. */
const CLOSE_FRAME_BYTES = 32;
const POISON = 0xdb;

export class SimChannel implements Channel {
  readonly link: Link;
  /** What was dialled, without its query. */
  readonly path: string;
  readonly #simulation: Simulation;
  readonly #process: SimProcess;
  readonly #name: string;
  readonly #lane: Lane;
  #peer: SimChannel | null = null;
  #state: State = 'opening';
  #handler: ChannelHandler | null = null;
  #unheard: Unheard[] = [];
  #early: Uint8Array[] = [];
  #queuedBytes = 0;
  #leavingNow = 0;
  #closeTimeout: QueuedEvent | null = null;

  constructor(
    simulation: Simulation,
    process: SimProcess,
    link: Link,
    { name, path }: { readonly name: string; readonly path: string },
  ) {
    this.path = path;
    this.#simulation = simulation;
    this.#process = process;
    this.link = link;
    this.#name = name;
    this.#lane = new Lane(simulation, link, process.name);
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  get opening(): boolean {
    return this.#state === 'opening' && this.#process.alive;
  }

  send(message: Uint8Array): void {
    checkMessageSize(message.length, this.#name);
    if (this.#state === 'closing' || this.#state === 'closed') return;
    if (this.#queuedBytes + message.length > CHANNEL_QUEUE_MAX_BYTES) {
      this.#breakOff(CLOSE_CODE.SLOW_PEER, `${this.#name}: over ${CHANNEL_QUEUE_MAX_BYTES} bytes wait for the peer`);
      return;
    }
    const copy = new Uint8Array(message);
    this.#queuedBytes += copy.length;
    if (this.#state === 'opening') this.#early.push(copy);
    else this.#transmit(copy);
  }

  sendParts(message: Parts, left: () => void): void {
    this.send(joined(message));
    this.#process.schedule(this.#simulation.now, left);
  }

  close(code: number, reason: string): void {
    checkCloseCode(code, this.#name);
    const why = closeReason(reason);
    switch (this.#state) {
      case 'opening':
        this.#breakOff(code, why);
        return;
      case 'open':
        this.#state = 'closing';
        this.#sayClose(code, why);
        this.#closeTimeout = this.#process.schedule(this.#simulation.now + CLOSE_TIMEOUT_NS, () =>
          this.#end(CLOSE_CODE.BROKEN, `${this.#name}: the peer did not answer the close`),
        );
        return;
      case 'closing':
      case 'closed':
    }
  }

  handle(handler: ChannelHandler): void {
    this.#handler = handler;
    if (this.#unheard.length > 0) this.#process.schedule(this.#simulation.now, () => this.#tellUnheard());
  }

  /** For SimNetwork: the peer has accepted; the answer sets out to us. */
  join(accepted: SimChannel): void {
    this.#peer = accepted;
    accepted.#peer = this;
    accepted.#state = 'open';
    this.link.join(accepted);
    accepted.#lane.put(0, () => this.#process.whenAwake(() => this.#opened()));
  }

  /** For SimNetwork and Link: this end hears that the channel is no more. Never within the call. */
  fail(code: number, reason: string): void {
    if (this.#state === 'closed') return;
    this.#lane.clear();
    this.#process.schedule(this.#simulation.now, () => this.#end(code, reason));
  }

  /** For SimNetwork: as fail, when the answer has come all the way. */
  failAfterReply(code: number, reason: string): void {
    this.#process.schedule(this.#simulation.now + this.link.travelNs(), () => this.#end(code, reason));
  }

  /** For SimNetwork: our process has crashed. The peer's machine finds out from ours. */
  die(): void {
    if (this.#state === 'closed') return;
    this.#lane.dropUnsent();
    this.#sayBroken();
    this.#leave();
  }

  #transmit(bytes: Uint8Array): void {
    const peer = this.#peer as SimChannel;
    const [message, ...more] = this.#tapped(bytes);
    if (message === undefined) {
      this.#queuedBytes -= bytes.length;
      return;
    }
    const departsAt = this.#lane.put(bytes.length, () => peer.#process.whenAwake(() => peer.#arrived(message)));
    for (const each of more) this.#lane.put(each.length, () => peer.#process.whenAwake(() => peer.#arrived(each)));
    if (departsAt > this.#simulation.now) {
      this.#process.schedule(departsAt, () => this.#departed(bytes.length));
      return;
    }
    // Without a bound on bandwidth everything of this instant leaves together: one event for all of it.
    if (this.#leavingNow === 0) {
      this.#process.schedule(departsAt, () => {
        const left = this.#leavingNow;
        this.#leavingNow = 0;
        this.#departed(left);
      });
    }
    this.#leavingNow += bytes.length;
  }

  /** What leaves in place of these bytes. */
  #tapped(message: Uint8Array): readonly Uint8Array[] {
    const { tap } = this.link;
    if (tap === null) return [message];
    const left = tap({ from: this.#process.name, path: this.path, message, end: this });
    return left === null ? [] : left instanceof Uint8Array ? [left] : left;
  }

  #departed(bytes: number): void {
    if (this.#state === 'closed') return;
    this.#queuedBytes -= bytes;
    if (this.#queuedBytes === 0 && this.#state === 'open') this.#handler?.drained();
  }

  #opened(): void {
    if (!this.opening) return;
    this.#state = 'open';
    const early = this.#early;
    this.#early = [];
    for (const message of early) this.#transmit(message);
  }

  #arrived(message: Uint8Array): void {
    if (this.#state !== 'open' || !this.#process.alive) return;
    if (this.#handler === null || this.#unheard.length > 0) {
      this.#unheard.push({ message });
      return;
    }
    this.#hand(message, this.#handler);
  }

  #hand(message: Uint8Array, handler: ChannelHandler): void {
    takeCourse(handler.begins?.(message) ?? null, message, handler);
    if (this.#simulation.poisonViews) message.fill(POISON);
  }

  #closeArrived(code: number, reason: string): void {
    if (!this.#process.alive) return;
    if (this.#state === 'open') this.#sayClose(code, reason);
    this.#end(code, reason);
  }

  #end(code: number, reason: string): void {
    if (this.#state === 'closed' || !this.#process.alive) return;
    this.#leave();
    if (this.#handler === null || this.#unheard.length > 0) this.#unheard.push({ code, reason });
    else this.#handler.closed(code, reason);
  }

  #tellUnheard(): void {
    const handler = this.#handler as ChannelHandler;
    while (this.#unheard.length > 0) {
      const next = this.#unheard.shift() as Unheard;
      if ('code' in next) handler.closed(next.code, next.reason);
      else if (this.#state !== 'closing') this.#hand(next.message, handler);
    }
  }

  /** Ends it on our side; the peer sees a broken link. */
  #breakOff(code: number, reason: string): void {
    this.#lane.dropUnsent();
    this.#sayBroken();
    this.#state = 'closing';
    this.#process.schedule(this.#simulation.now, () => this.#end(code, reason));
  }

  #sayClose(code: number, reason: string): void {
    const peer = this.#peer as SimChannel;
    this.#lane.put(CLOSE_FRAME_BYTES, () => peer.#process.whenAwake(() => peer.#closeArrived(code, reason)));
  }

  #sayBroken(): void {
    const peer = this.#peer;
    if (peer === null) return;
    this.#lane.put(0, () =>
      peer.#process.whenAwake(() => peer.#end(CLOSE_CODE.BROKEN, `${peer.#name}: the peer is gone`)),
    );
  }

  #leave(): void {
    this.#state = 'closed';
    this.#closeTimeout?.cancel();
    this.#closeTimeout = null;
    this.#queuedBytes = 0;
    this.#early = [];
    this.link.leave(this);
    this.#process.network.ended(this);
  }
}
