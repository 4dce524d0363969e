/**
 * Reads what a WebSocket server sends (RFC 6455, sections 5 to 7), and nothing else: unmasked frames, in the fewest
 * length bytes, binary messages in any fragments, control frames between them. It does not read from a socket itself: it
 * says where the next bytes shall lie, so that the kernel can put the payload where it belongs, and is told how many came.
 * Left out: extensions, text messages, the server's side (ws reads masked frames well enough; they are small).
 */
import { CLOSE_CODE } from '@skewbed/proto/close-codes.ts';
import { MESSAGE_MAX_BYTES } from '@skewbed/proto/limits.ts';
import type { Course } from '../ports/bulk.ts';
import { Beginning, type Body, DiscardBody, ForwardBody, GatherBody, type Outlet, ScatterBody } from './bulk-bodies.ts';
import { CONTROL_PAYLOAD_MAX, OPCODE, SERVER_HEADER_MAX } from './bulk-frames.ts';

export interface FrameSink {
  /** Where a message goes that begins so. Null: more of it, please. */
  begins(beginning: Uint8Array): Course | null;
  message(bytes: Uint8Array): void;
  ping(payload: Uint8Array): void;
  pong(): void;
  /** The peer's close frame; nothing is read after it. 1005 when it names no code. */
  closed(code: number, reason: string): void;
  /** The peer breaks the protocol; nothing is read after it. */
  broken(code: number, reason: string): void;
  /** The way out of a message that is forwarded to that channel. */
  outletOf(to: Extract<Course, { kind: 'forward' }>['to']): Outlet;
}

/** RFC 6455, 7.4.1. */
const PROTOCOL_ERROR = 1002;
const INVALID_TEXT = 1007;
const NO_CODE = 1005;

/** What is read in one go where frames begin: little, for what belongs elsewhere has to be copied there. */
const BETWEEN_BYTES = 32 * 1024;
/** What is read in one go into many short places: much, and it still fits into a core's second cache. */
const SHORT_RUNS_BYTES = 256 * 1024;

type State =
  | { readonly at: 'header' }
  | { readonly at: 'control'; readonly opcode: number; readonly length: number }
  | { readonly at: 'data'; readonly fin: boolean; left: number }
  /** All of the message is there, but its body stalls. */
  | { readonly at: 'end' }
  | { readonly at: 'over' };

export class BulkFrameReader {
  readonly #sink: FrameSink;
  readonly #scratch = new Uint8Array(SHORT_RUNS_BYTES);
  readonly #beginning: Beginning;
  #from = 0;
  #to = 0;
  /** What buffer() gave out last is the body's own room. */
  #direct = false;
  #state: State = { at: 'header' };
  /** Bytes of the message that is under way, null between messages. */
  #messageBytes: number | null = null;
  #body: Body | null = null;

  constructor(sink: FrameSink) {
    this.#sink = sink;
    this.#beginning = new Beginning((bytes) => sink.begins(bytes));
  }

  /** True while a forwarded message cannot go on; call proceed() when it can. */
  get stalled(): boolean {
    // What could end has ended: proceed() goes as far as it can.
    if (this.#state.at === 'end') return true;
    return this.#state.at === 'data' && this.#body?.stalled === true;
  }

  /** True while a message is being put into places that belong to somebody else. */
  get scatters(): boolean {
    return this.#body instanceof ScatterBody;
  }

  /** Takes nobody's places any longer. What buffer() gave before may be one of them: ask it again. */
  discard(): void {
    if (this.scatters) this.#body = new DiscardBody();
  }

  /** Where the next bytes shall lie. Never empty. */
  buffer(): Uint8Array {
    this.#direct = false;
    if (this.#from === this.#to) {
      this.#from = 0;
      this.#to = 0;
      const room = this.#state.at === 'data' && this.#body !== null ? this.#body.room(this.#state.left) : null;
      if (room !== null) {
        this.#direct = true;
        return room;
      }
    } else if (this.#scratch.length - this.#to < SERVER_HEADER_MAX + CONTROL_PAYLOAD_MAX) {
      this.#scratch.copyWithin(0, this.#from, this.#to);
      this.#to -= this.#from;
      this.#from = 0;
    }
    const inside = this.#state.at === 'data' && this.#body !== null ? this.#state.left : 0;
    return this.#scratch.subarray(this.#to, Math.min(this.#scratch.length, this.#to + Math.max(BETWEEN_BYTES, inside)));
  }

  /** So many bytes lie in what buffer() gave last. */
  took(count: number): void {
    const state = this.#state;
    if (this.#direct && state.at === 'data') {
      state.left -= count;
      (this.#body as Body).landed(count);
      this.#frameMayEnd();
    } else {
      this.#to += count;
    }
    this.#direct = false;
    this.proceed();
  }

  /** Bytes that were read by somebody else, before this reader had the socket. */
  put(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length && this.#state.at !== 'over'; ) {
      const room = this.buffer();
      const count = Math.min(room.length, bytes.length - at);
      room.set(bytes.subarray(at, at + count));
      at += count;
      this.took(count);
    }
  }

  /** Goes on with what is there already, as far as that goes. */
  proceed(): void {
    while (this.#step()) {
      // Each step takes a header, a control frame or some payload.
    }
  }

  /** True when something was taken and there may be more to do. */
  #step(): boolean {
    const state = this.#state;
    switch (state.at) {
      case 'header':
        return this.#header();
      case 'control':
        return this.#control(state.opcode, state.length);
      case 'data':
        return this.#data(state);
      case 'end':
        return this.#endMessage();
      case 'over':
        return false;
      default:
        return state satisfies never;
    }
  }

  #header(): boolean {
    const there = this.#to - this.#from;
    if (there < 2) return false;
    const first = this.#scratch[this.#from] as number;
    const second = this.#scratch[this.#from + 1] as number;
    const opcode = first & 0x0f;
    const fin = (first & 0x80) !== 0;
    if ((first & 0x70) !== 0) return this.#broken('a reserved bit is set, and no extension was agreed on');
    if ((second & 0x80) !== 0) return this.#broken('a frame from the server is masked');
    const short = second & 0x7f;
    const wide = short === 126 ? 2 : short === 127 ? 8 : 0;
    if (opcode >= OPCODE.CLOSE) {
      if (opcode > OPCODE.PONG) return this.#broken(`opcode ${opcode} is reserved`);
      if (!fin || wide > 0) return this.#broken('a control frame is fragmented or longer than 125 bytes');
      this.#from += 2;
      this.#state = { at: 'control', opcode, length: short };
      return true;
    }
    const problem = this.#dataProblem(opcode);
    if (problem !== null) return this.#broken(problem);
    if (opcode === OPCODE.TEXT) return this.#over(CLOSE_CODE.UNSUPPORTED, 'the peer sent text; messages are binary');
    if (there < 2 + wide) return false;
    const length = wide === 0 ? short : this.#wideLength(this.#from + 2, wide);
    if (length === null) return this.#broken('a length is not in the fewest bytes, or beyond 2^63');
    const bytes = (this.#messageBytes ?? 0) + length;
    if (bytes > MESSAGE_MAX_BYTES) {
      return this.#over(CLOSE_CODE.TOO_BIG, 'the peer sent a message beyond the limit');
    }
    this.#messageBytes = bytes;
    this.#from += 2 + wide;
    this.#state = { at: 'data', fin, left: length };
    return true;
  }

  #dataProblem(opcode: number): string | null {
    if (opcode > OPCODE.BINARY) return `opcode ${opcode} is reserved`;
    const continues = opcode === OPCODE.CONTINUATION;
    if (continues && this.#messageBytes === null) return 'a continuation continues nothing';
    if (!continues && this.#messageBytes !== null) return 'a message begins before the one under way has ended';
    return null;
  }

  /** Null for a length that must not be written so. What is beyond 2^53 is beyond every limit, too. */
  #wideLength(at: number, bytes: number): number | null {
    let length = 0;
    for (let i = 0; i < bytes; i++) length = length * 256 + (this.#scratch[at + i] as number);
    if (bytes === 2) return length > CONTROL_PAYLOAD_MAX ? length : null;
    return length > 0xffff && length < 2 ** 63 ? length : null;
  }

  #control(opcode: number, length: number): boolean {
    if (this.#to - this.#from < length) return false;
    const payload = this.#scratch.slice(this.#from, this.#from + length);
    this.#from += length;
    this.#state = { at: 'header' };
    if (opcode === OPCODE.PING) this.#sink.ping(payload);
    else if (opcode === OPCODE.PONG) this.#sink.pong();
    else this.#closeFrame(payload);
    return true;
  }

  #closeFrame(payload: Uint8Array): void {
    if (payload.length === 1) {
      this.#broken('a close frame of one byte has half a code');
      return;
    }
    const code = payload.length === 0 ? NO_CODE : ((payload[0] as number) << 8) | (payload[1] as number);
    if (payload.length > 0 && !mayBeSent(code)) {
      this.#broken(`close code ${code} must not be sent`);
      return;
    }
    let reason: string;
    try {
      reason = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(payload.subarray(2));
    } catch {
      this.#over(INVALID_TEXT, 'the reason of a close frame is no UTF-8');
      return;
    }
    this.#state = { at: 'over' };
    this.#sink.closed(code, reason);
  }

  #data(state: Extract<State, { at: 'data' }>): boolean {
    const there = this.#scratch.subarray(this.#from, Math.min(this.#to, this.#from + state.left));
    if (there.length === 0 && state.left > 0) return false;
    let taken = there.length;
    if (this.#body !== null) {
      taken = this.#body.put(there);
    } else {
      taken = Math.min(taken, this.#beginning.room);
      const course = this.#beginning.put(there.subarray(0, taken));
      // Whoever was asked may have closed this channel.
      if ((this.#state as State).at === 'over') return false;
      if (course !== null) this.#take(course);
    }
    this.#from += taken;
    state.left -= taken;
    if (state.left > 0) return taken > 0;
    this.#frameMayEnd();
    return true;
  }

  #take(course: Course): void {
    const bytes = this.#beginning.bytes;
    switch (course.kind) {
      case 'gather':
        this.#body = new GatherBody(bytes, (message) => this.#sink.message(message));
        break;
      case 'scatter':
        this.#body = new ScatterBody(course, bytes.subarray(0, course.at));
        // Whoever is told of these bytes may close the channel, which has to find the body there.
        this.#body.put(bytes.subarray(course.at));
        break;
      case 'forward':
        this.#body = new ForwardBody(this.#sink.outletOf(course.to), bytes, course.ended);
        break;
      default:
        course satisfies never;
    }
    this.#beginning.clear();
  }

  #frameMayEnd(): void {
    const state = this.#state;
    if (state.at !== 'data' || state.left > 0) return;
    this.#state = state.fin ? { at: 'end' } : { at: 'header' };
  }

  /** The last frame of the message is there. */
  #endMessage(): boolean {
    const body = this.#body ?? this.#wholeBeginning();
    if (!body.end()) return false;
    this.#body = null;
    this.#messageBytes = null;
    if (this.#state.at === 'end') this.#state = { at: 'header' };
    return true;
  }

  /** Nobody wanted to know more about this message: it is gathered. */
  #wholeBeginning(): Body {
    const body = new GatherBody(this.#beginning.bytes, (message) => this.#sink.message(message));
    this.#beginning.clear();
    return body;
  }

  #broken(what: string): false {
    return this.#over(PROTOCOL_ERROR, what);
  }

  #over(code: number, reason: string): false {
    this.#state = { at: 'over' };
    this.#from = this.#to;
    this.#sink.broken(code, reason);
    return false;
  }

  /** Reads nothing more, whatever comes. */
  stop(): void {
    this.#state = { at: 'over' };
  }
}

/** Codes that a close frame may hold: those of the protocol that are for the wire, and those for applications. */
function mayBeSent(code: number): boolean {
  if (code >= 3000 && code <= 4999) return true;
  return code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006;
}
