/**
 * Every message, once: its schema, who sends it to whom, on which socket, and what it means. Types, validators, the fuzz
 * generators of the tests and docs/protocol.md are made from this table.
 */
import { type Static, type TSchema, Type } from 'typebox';
import { EVENTS_PER_MESSAGE_MAX } from '../limits.ts';
import { AnyCommand, AnyResult } from './commands.ts';
import { Event } from './event.ts';
import { Code, closed, count, list, Name, Text } from './fields.ts';
import { ClockPing, ClockPong, Hello, Ready, Refuse, StillOpen, Welcome } from './hello.ts';
import { Ack, Batch, Digest, Progress, StreamFailed, Suspended } from './stream.ts';

/** Who may send a message. */
export type Sender = 'node' | 'runner' | 'coordinator' | 'source' | 'target';

export type MessageRow = {
  readonly socket: 'control' | 'stream';
  readonly from: readonly Sender[];
  readonly text: string;
  readonly schema: TSchema;
};

const Request = closed({ type: Type.Literal('request'), id: count(), to: Name, command: AnyCommand });

const Reply = Type.Union([
  closed({ type: Type.Literal('reply'), id: count(), ok: Type.Literal(true), result: AnyResult }),
  closed({ type: Type.Literal('reply'), id: count(), ok: Type.Literal(false), code: Code, message: Text }),
]);

const Events = closed({ type: Type.Literal('event'), events: list(Event, EVENTS_PER_MESSAGE_MAX, 1) });

export const MESSAGES = {
  hello: { socket: 'control', from: ['node', 'runner'], schema: Hello, text: 'The first message of whoever dials.' },
  welcome: { socket: 'control', from: ['coordinator'], schema: Welcome, text: 'Both speak `protocol`.' },
  refuse: {
    socket: 'control',
    from: ['coordinator'],
    schema: Refuse,
    text: 'The peer is not taken, or not kept; the socket closes after it.',
  },
  'clock-ping': {
    socket: 'control',
    from: ['node', 'runner'],
    schema: ClockPing,
    text: 'What is the time? Answered at once.',
  },
  'clock-pong': {
    socket: 'control',
    from: ['coordinator'],
    schema: ClockPong,
    text: 'True time at the coordinator. The best round trip sets the clock of who asked.',
  },
  ready: { socket: 'control', from: ['node', 'runner'], schema: Ready, text: 'The clock is set: requests may begin.' },
  'still-open': {
    socket: 'control',
    from: ['node'],
    schema: StillOpen,
    text: 'How did these end? Answered with the order for each whose end is known; said again while one is open.',
  },
  request: {
    socket: 'control',
    from: ['runner', 'coordinator'],
    schema: Request,
    text: "`to` is 'coordinator' or a node. The coordinator passes a request on to the node, and the reply back.",
  },
  reply: {
    socket: 'control',
    from: ['node', 'coordinator'],
    schema: Reply,
    text: 'Every event that the command caused was sent before it.',
  },
  event: {
    socket: 'control',
    from: ['node', 'coordinator'],
    schema: Events,
    text: 'What happened, in order; the coordinator passes it to every runner and watcher.',
  },
  batch: {
    socket: 'stream',
    from: ['source', 'coordinator'],
    schema: Batch,
    text: 'Records of the stream. Passed on unread but for `seq`.',
  },
  ack: { socket: 'stream', from: ['target', 'coordinator'], schema: Ack, text: 'Gives the source its credit back.' },
  progress: { socket: 'stream', from: ['source'], schema: Progress, text: 'How far the pre-copy is.' },
  suspended: {
    socket: 'stream',
    from: ['source'],
    schema: Suspended,
    text: 'The pre-copy is over, the guest stopped.',
  },
  digest: {
    socket: 'stream',
    from: ['source', 'target'],
    schema: Digest,
    text: 'The vote of either end: with it, that end waits for the decision.',
  },
  'stream-failed': { socket: 'stream', from: ['source', 'target'], schema: StreamFailed, text: 'The vote against.' },
} as const satisfies Record<string, MessageRow>;

export type MessageType = keyof typeof MESSAGES;
/** One message by its type. */
export type MessageOf<T extends MessageType> = Static<(typeof MESSAGES)[T]['schema']>;
export type Message = { [T in MessageType]: MessageOf<T> }[MessageType];
