/**
 * Messages <-> bytes. What comes in is checked before it is decoded (msgpack-shape.ts), and after, against the registry;
 * whatever arrives, the only thing that decode throws is a SkewbedError with a code. What goes out is checked too.
 */
import { type Check, checkerOf } from './checker.ts';
import { MESSAGES, type Message, type MessageType } from './control/registry.ts';
import { SkewbedError } from './errors.ts';
import { explain } from './explain.ts';
import { CONTROL_MESSAGE_MAX_BYTES, MESSAGE_MAX_BYTES } from './limits.ts';
import { pack, unpack } from './msgpack.ts';
import { shapeProblem } from './msgpack-shape.ts';
import { agreeOnProtocol } from './version.ts';

const MAX_BYTES = { control: CONTROL_MESSAGE_MAX_BYTES, stream: MESSAGE_MAX_BYTES } as const;

/** The bytes of a message. Throws when it does not fit its own schema or is too large: that is a fault on this side. */
export function encode(message: Message): Uint8Array {
  const { type } = message;
  const { schema, socket } = MESSAGES[type];
  if (!fits(type, message)) {
    throw new SkewbedError('bad-message', `message '${type}' that is to be sent: ${explain(schema, message)}`);
  }
  const bytes = pack(message);
  if (bytes.length > MAX_BYTES[socket]) throw tooLarge(`message '${type}' that is to be sent`, bytes.length, socket);
  return bytes;
}

/** The message in these bytes, checked against the registry. `socket` is where they came in. */
export function decode(bytes: Uint8Array, socket: 'control' | 'stream'): Message {
  if (bytes.length > MAX_BYTES[socket]) throw tooLarge('message', bytes.length, socket);
  const problem = shapeProblem(bytes);
  if (problem !== null) throw bad(problem);
  const value = unpacked(bytes);
  const type = typeOf(value);
  if (!isMessageType(type))
    throw bad(`type ${shown(type)} is not known; known are ${Object.keys(MESSAGES).join(', ')}`);
  if (MESSAGES[type].socket !== socket) throw bad(`'${type}' is no message of a ${socket} socket`);
  if (!fits(type, value)) {
    if (type === 'hello') checkVersionFirst(value);
    throw bad(`'${type}': ${explain(MESSAGES[type].schema, value)}`);
  }
  return value as Message;
}

function unpacked(bytes: Uint8Array): unknown {
  try {
    return unpack(bytes);
  } catch (error) {
    throw bad(error instanceof Error ? error.message : String(error));
  }
}

/** A hello of another major may hold what this version does not know: what is wrong with it is its version. */
function checkVersionFirst(value: unknown): void {
  const protocol = (value as { protocol?: { major?: unknown; minor?: unknown } }).protocol;
  const { major, minor } = protocol ?? {};
  if (typeof major === 'number' && Number.isInteger(major)) {
    agreeOnProtocol({ major, minor: typeof minor === 'number' ? minor : 0 });
  }
}

const checks = new Map<MessageType, Check>();

/** Compiled at first use: who needs one message does not pay for all. */
function fits(type: MessageType, value: unknown): boolean {
  let check = checks.get(type);
  if (check === undefined) {
    check = checkerOf(MESSAGES[type].schema);
    checks.set(type, check);
  }
  return check(value);
}

function typeOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.hasOwn(value, 'type') ? (value as { type: unknown }).type : undefined;
}

function isMessageType(type: unknown): type is MessageType {
  return typeof type === 'string' && Object.hasOwn(MESSAGES, type);
}

function bad(what: string): SkewbedError {
  return new SkewbedError('bad-message', `bad message: ${what}`);
}

function tooLarge(what: string, bytes: number, socket: 'control' | 'stream'): SkewbedError {
  return new SkewbedError(
    'bad-message',
    `${what}: ${bytes} bytes; a ${socket} socket takes at most ${MAX_BYTES[socket]}`,
  );
}

function shown(value: unknown): string {
  return typeof value === 'string' ? `'${value.slice(0, 40)}'` : typeof value;
}
