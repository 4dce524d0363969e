/**
 * One control socket from the side that dials, as a node and a runner do: hello, welcome, clock pings, ready, and then
 * messages either way. A state machine for one connection; who wants another makes another.
 * In the simulator the clock is true already, there is no ClockSync, and ready follows welcome at once.
 */
import { CLOSE_CODE } from '@skewbed/proto/close-codes.ts';
import { decode, encode } from '@skewbed/proto/codec.ts';
import type { Message, MessageOf, MessageType } from '@skewbed/proto/control/registry.ts';
import { errorFromWire, SkewbedError } from '@skewbed/proto/errors.ts';
import { CLOCK_PING_PERIOD_NS, CLOCK_PINGS_AT_START, HELLO_TIMEOUT_NS } from '@skewbed/proto/limits.ts';
import { trueNs } from '@skewbed/proto/units.ts';
import { agreeOnProtocol, PROTOCOL } from '@skewbed/proto/version.ts';
import type { Clock } from '@skewbed/runtime/ports/clock.ts';
import type { ClockSync } from '@skewbed/runtime/ports/clock-sync.ts';
import type { Channel, Network } from '@skewbed/runtime/ports/network.ts';
import type { Timer, Timers } from '@skewbed/runtime/ports/timers.ts';

export const CONTROL_PATH = '/v1/control';

/** Where to dial a service that says it is at http://...: its sockets share the port. */
export function channelUrl(url: string): string {
  return url.replace(/^http/, 'ws');
}

export type ControlLinkPorts = {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly network: Network;
  readonly sync: ClockSync | null;
};

export type ControlLinkOptions = {
  readonly coordinatorUrl: string;
  readonly hello: Omit<MessageOf<'hello'>, 'type' | 'protocol'>;
  /** Asked when ready is sent. */
  readonly state: () => Pick<MessageOf<'ready'>, 'open' | 'fresh'>;
};

/** What the other side may send once both are ready. */
export type LinkMessage = MessageOf<'request' | 'reply' | 'event'>;

export type ControlLinkHandlers = {
  /** Throws to refuse this coordinator. */
  welcomed?(welcome: MessageOf<'welcome'>): void;
  ready(): void;
  message(message: LinkMessage): void;
  /** Once. Null when close() was called here. */
  closed(error: SkewbedError | null): void;
};

type State =
  | { readonly phase: 'greeting' }
  | { readonly phase: 'syncing'; pongs: number }
  | { readonly phase: 'ready' }
  | { readonly phase: 'closed' };

export class ControlLink {
  #state: State = { phase: 'greeting' };
  readonly #ports: ControlLinkPorts;
  readonly #options: ControlLinkOptions;
  readonly #handlers: ControlLinkHandlers;
  readonly #channel: Channel;
  #timer: Timer | null = null;
  #pingId = 0;
  /** The ping that is under way. */
  #pinged: { readonly id: number; readonly sentLocalNs: bigint } | null = null;

  constructor(ports: ControlLinkPorts, options: ControlLinkOptions, handlers: ControlLinkHandlers) {
    this.#ports = ports;
    this.#options = options;
    this.#handlers = handlers;
    this.#channel = ports.network.dial(channelUrl(options.coordinatorUrl), CONTROL_PATH);
    this.#channel.handle({
      message: (bytes) => this.#arrived(bytes),
      drained: () => {},
      closed: (code, reason) => this.#ended(this.#lost(code, reason)),
    });
    this.send({ type: 'hello', protocol: PROTOCOL, ...options.hello });
    this.#expectProgress();
  }

  get phase(): State['phase'] {
    return this.#state.phase;
  }

  /** Nothing happens on a link that has ended: its `closed` has told. */
  send(message: Message): void {
    this.sendEncoded(encode(message));
  }

  /** As send, for bytes that encode() made. */
  sendEncoded(message: Uint8Array): void {
    if (this.#state.phase !== 'closed') this.#channel.send(message);
  }

  close(): void {
    if (this.#state.phase === 'closed') return;
    this.#channel.close(CLOSE_CODE.NORMAL, 'done');
    this.#ended(null);
  }

  #arrived(bytes: Uint8Array): void {
    if (this.#state.phase === 'closed') return;
    try {
      this.#take(decode(bytes, 'control'));
    } catch (error) {
      // What a peer can cause has a code. Anything else is a fault of this program, and not the link's.
      if (!(error instanceof SkewbedError)) throw error;
      this.#channel.close(CLOSE_CODE.BAD_REQUEST, error.code);
      this.#ended(error);
    }
  }

  #take(message: Message): void {
    switch (message.type) {
      case 'refuse':
        throw errorFromWire(message.code, message.message);
      case 'welcome':
        if (this.#state.phase !== 'greeting') throw this.#outOfTurn(message.type);
        agreeOnProtocol(message.protocol);
        this.#handlers.welcomed?.(message);
        this.#welcomed();
        return;
      case 'clock-pong':
        this.#ponged(message);
        return;
      case 'request':
      case 'reply':
      case 'event':
        if (this.#state.phase !== 'ready') throw this.#outOfTurn(message.type);
        this.#handlers.message(message);
        return;
      case 'hello':
      case 'ready':
      case 'clock-ping':
      case 'still-open':
      case 'batch':
      case 'ack':
      case 'progress':
      case 'suspended':
      case 'digest':
      case 'stream-failed':
        throw new SkewbedError('wrong-role', `'${message.type}' is nothing that a coordinator sends`);
      default:
        message satisfies never;
    }
  }

  #welcomed(): void {
    if (this.#ports.sync === null) {
      this.#becomeReady();
      return;
    }
    this.#state = { phase: 'syncing', pongs: 0 };
    this.#ping();
  }

  #ping(): void {
    if (this.#ports.sync === null || this.#state.phase === 'closed') return;
    this.#pinged = { id: this.#pingId++, sentLocalNs: this.#ports.sync.localNow() };
    this.send({ type: 'clock-ping', id: this.#pinged.id });
    this.#expectProgress();
  }

  #ponged(pong: MessageOf<'clock-pong'>): void {
    const { sync } = this.#ports;
    const pinged = this.#pinged;
    if (sync === null || pinged === null || pinged.id !== pong.id) throw this.#outOfTurn('clock-pong');
    this.#pinged = null;
    sync.sample({ sentLocalNs: pinged.sentLocalNs, trueNs: pong.trueNs, receivedLocalNs: sync.localNow() });
    if (this.#state.phase === 'syncing') {
      this.#state.pongs += 1;
      if (this.#state.pongs < CLOCK_PINGS_AT_START) {
        this.#ping();
        return;
      }
      this.#becomeReady();
    }
    // Only now: a deadline from before the clock was set means nothing after it.
    this.#setTimer(CLOCK_PING_PERIOD_NS, () => this.#ping());
  }

  #becomeReady(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#state = { phase: 'ready' };
    this.send({ type: 'ready', uncertaintyNs: this.#ports.clock.uncertainty(), ...this.#options.state() });
    this.#handlers.ready();
  }

  #expectProgress(): void {
    this.#setTimer(HELLO_TIMEOUT_NS, () => {
      this.#channel.close(CLOSE_CODE.GOING_AWAY, 'timed out');
      this.#ended(
        new SkewbedError(
          'timed-out',
          `${this.#where()}: no answer within ${HELLO_TIMEOUT_NS / 1_000_000_000n} s; is it a coordinator?`,
        ),
      );
    });
  }

  #setTimer(afterNs: bigint, fire: () => void): void {
    this.#timer?.cancel();
    this.#timer = this.#ports.timers.at(trueNs(this.#ports.clock.now() + afterNs), fire);
  }

  #ended(error: SkewbedError | null): void {
    if (this.#state.phase === 'closed') return;
    this.#timer?.cancel();
    this.#state = { phase: 'closed' };
    this.#handlers.closed(error);
  }

  #lost(code: number, reason: string): SkewbedError {
    const why = reason === '' ? `close code ${code}` : `${reason} (close code ${code})`;
    if (code === CLOSE_CODE.BAD_TOKEN)
      return new SkewbedError('bad-token', `${this.#where()}: ${why}; give the coordinator's token`);
    return new SkewbedError('link-lost', `${this.#where()}: ${why}`);
  }

  #outOfTurn(type: MessageType): SkewbedError {
    return new SkewbedError('bad-message', `'${type}' out of turn: the link is ${this.#state.phase}`);
  }

  #where(): string {
    return `coordinator ${this.#options.coordinatorUrl}`;
  }
}
