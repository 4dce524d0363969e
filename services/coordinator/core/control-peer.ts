/**
 * One control socket from the side that accepted: a node or a runner which says hello, sets its clock, says ready, and
 * then asks and answers. greeting -> syncing -> ready -> closed. Whatever is wrong with a message ends this socket with
 * a refuse message and a close code, and nothing else.
 */

import { CLOSE_CODE } from '@skewbed/proto/close-codes.ts';
import { decode, encode } from '@skewbed/proto/codec.ts';
import { MESSAGES, type Message, type MessageOf, type Sender } from '@skewbed/proto/control/registry.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { HELLO_TIMEOUT_NS, WATCHER_QUEUE_MAX_BYTES } from '@skewbed/proto/limits.ts';
import { trueNs } from '@skewbed/proto/units.ts';
import { agreeOnProtocol } from '@skewbed/proto/version.ts';
import { wireText } from '@skewbed/proto/wire-error.ts';
import type { Clock } from '@skewbed/runtime/ports/clock.ts';
import type { Channel } from '@skewbed/runtime/ports/network.ts';
import type { Timer, Timers } from '@skewbed/runtime/ports/timers.ts';

export type Hello = MessageOf<'hello'>;
export type Ready = MessageOf<'ready'>;

/** Which start of the coordinator this is, and on which journal. */
export type Reign = Pick<MessageOf<'welcome'>, 'epoch' | 'journal'>;

export type PeerHandlers = {
  /** Throws to refuse: the name is taken, there are too many. */
  admit(hello: Hello): void;
  ready(hello: Hello, ready: Ready): void;
  /** A request, a reply, an event or a question of a peer that may send it. `bytes` are the message as it came. */
  message(hello: Hello, message: MessageOf<'request' | 'reply' | 'event' | 'still-open'>, bytes: Uint8Array): void;
  /** Once; `hello` is null when it never came that far. */
  closed(hello: Hello | null, error: SkewbedError): void;
};

type State =
  | { readonly phase: 'greeting' }
  | { readonly phase: 'syncing'; readonly hello: Hello }
  | { readonly phase: 'ready'; readonly hello: Hello }
  | { readonly phase: 'closed' };

export class ControlPeer {
  readonly #channel: Channel;
  readonly #clock: Clock;
  readonly #reign: Reign;
  readonly #handlers: PeerHandlers;
  #state: State = { phase: 'greeting' };
  readonly #patience: Timer;

  constructor(
    channel: Channel,
    ports: { readonly clock: Clock; readonly timers: Timers },
    reign: Reign,
    handlers: PeerHandlers,
  ) {
    this.#reign = reign;
    this.#channel = channel;
    this.#clock = ports.clock;
    this.#handlers = handlers;
    this.#patience = ports.timers.at(trueNs(ports.clock.now() + HELLO_TIMEOUT_NS), () => {
      this.refuse(
        new SkewbedError('timed-out', `not ready within ${HELLO_TIMEOUT_NS / 1_000_000_000n} s after dialling`),
      );
    });
    channel.handle({
      message: (bytes) => this.#arrived(bytes),
      drained: () => {},
      closed: (code, reason) => this.#ended(new SkewbedError('link-lost', `the link closed with ${code} ${reason}`)),
    });
  }

  send(message: Message): void {
    this.sendEncoded(encode(message));
  }

  /** Bytes of a message. A peer that lets too much wait is dropped: memory is bounded, and a gap must not go unseen. */
  sendEncoded(message: Uint8Array): void {
    if (this.#state.phase === 'closed') return;
    this.#channel.send(message);
    if (this.#channel.queuedBytes > WATCHER_QUEUE_MAX_BYTES) {
      this.#close(
        CLOSE_CODE.SLOW_PEER,
        new SkewbedError(
          'too-slow',
          `${this.#channel.queuedBytes} bytes wait for this peer; at most ${WATCHER_QUEUE_MAX_BYTES}`,
        ),
      );
    }
  }

  /** Says why, and closes. */
  refuse(error: SkewbedError): void {
    if (this.#state.phase === 'closed') return;
    this.#channel.send(encode({ type: 'refuse', code: error.code, message: wireText(error.message) }));
    this.#close(closeCodeOf(error), error);
  }

  #arrived(bytes: Uint8Array): void {
    if (this.#state.phase === 'closed') return;
    try {
      this.#take(decode(bytes, 'control'), bytes);
    } catch (error) {
      // What a peer can cause has a code. Anything else is a fault of this program, and not the peer's.
      if (!(error instanceof SkewbedError)) throw error;
      this.refuse(error);
    }
  }

  #take(message: Message, bytes: Uint8Array): void {
    const state = this.#state;
    switch (state.phase) {
      case 'greeting':
        if (message.type !== 'hello') throw new SkewbedError('bad-message', `'${message.type}' came before 'hello'`);
        this.#greet(message);
        return;
      case 'syncing':
      case 'ready':
        expectSender(message, state.hello.role);
        this.#listen(state, message, bytes);
        return;
      case 'closed':
        return;
      default:
        state satisfies never;
    }
  }

  #greet(hello: Hello): void {
    const protocol = agreeOnProtocol(hello.protocol);
    if ((hello.role === 'node') !== (hello.url !== undefined)) {
      throw new SkewbedError(
        'wrong-role',
        `a ${hello.role} ${hello.url === undefined ? 'must say its url' : 'has no url'}`,
      );
    }
    this.#handlers.admit(hello);
    this.#state = { phase: 'syncing', hello };
    this.send({ type: 'welcome', protocol, trueNs: this.#clock.now(), ...this.#reign });
  }

  #listen(state: Extract<State, { hello: Hello }>, message: Message, bytes: Uint8Array): void {
    const { hello } = state;
    if (message.type === 'clock-ping') {
      this.send({ type: 'clock-pong', id: message.id, trueNs: this.#clock.now() });
    } else if (message.type === 'ready' && state.phase === 'syncing') {
      this.#patience.cancel();
      this.#state = { phase: 'ready', hello };
      this.#handlers.ready(hello, message);
    } else if (
      state.phase === 'ready' &&
      (message.type === 'request' ||
        message.type === 'reply' ||
        message.type === 'event' ||
        message.type === 'still-open')
    ) {
      this.#handlers.message(hello, message, bytes);
    } else
      throw new SkewbedError(
        'bad-message',
        `'${message.type}' out of turn: ${hello.role} ${hello.name} is ${state.phase}`,
      );
  }

  #close(code: number, error: SkewbedError): void {
    this.#channel.close(code, error.code);
    this.#ended(error);
  }

  #ended(error: SkewbedError): void {
    const state = this.#state;
    if (state.phase === 'closed') return;
    this.#patience.cancel();
    this.#state = { phase: 'closed' };
    this.#handlers.closed(state.phase === 'greeting' ? null : state.hello, error);
  }
}

function expectSender(message: Message, role: Hello['role']): void {
  const from: readonly Sender[] = MESSAGES[message.type].from;
  if (!from.includes(role)) throw new SkewbedError('wrong-role', `a ${role} may not send '${message.type}'`);
}

function closeCodeOf(error: SkewbedError): number {
  switch (error.code) {
    case 'wrong-role':
      return CLOSE_CODE.FORBIDDEN;
    case 'already-exists':
      return CLOSE_CODE.CONFLICT;
    case 'limit-exceeded':
      return CLOSE_CODE.UNAVAILABLE;
    default:
      return CLOSE_CODE.BAD_REQUEST;
  }
}
