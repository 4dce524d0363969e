/**
 * What passes a TCP connection of Skewbed, cut into what means something: the head of the handshake, control frames of
 * RFC 6455, and whole messages. Each with the very bytes that came, so that a proxy hands on what it was given. After a
 * handshake that is refused, whatever comes is passed on as it comes. Left out: extensions, of which we offer none.
 */
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { MESSAGE_MAX_BYTES } from '@skewbed/proto/limits.ts';

export type Unit =
  | { readonly kind: 'head'; readonly raw: Buffer; readonly text: string }
  | { readonly kind: 'control'; readonly raw: Buffer }
  | {
      readonly kind: 'message';
      readonly raw: Buffer;
      readonly payload: Uint8Array;
      /** Where in `raw` a byte of the payload lies. */
      readonly placeOf: (at: number) => number;
    }
  | { readonly kind: 'other'; readonly raw: Buffer };

type Frame = {
  readonly opcode: number;
  readonly fin: boolean;
  readonly raw: Buffer;
  readonly payload: Buffer;
  /** Length of its header. */
  readonly start: number;
};

const HEAD_MAX_BYTES = 16 * 1024;
/** A frame has at most 14 bytes before its payload. */
const FRAME_MAX_BYTES = MESSAGE_MAX_BYTES + 14;
const HEAD_END = '\r\n\r\n';
const FIN = 0x80;
const MASKED = 0x80;
const FIRST_CONTROL_OPCODE = 8;

/** One direction of one connection. */
export class WireUnits {
  /** What has come and is no whole unit yet, and how much of it is needed before it is worth a look. */
  #waiting: Buffer[] = [];
  #have = 0;
  #need = 1;
  #at: 'head' | 'frames' | 'other' = 'head';
  #fragments: Frame[] = [];

  /** Takes bytes; gives the units that are whole now. Throws 'bad-message' on what is no handshake and no frame. */
  take(bytes: Buffer): readonly Unit[] {
    this.#waiting.push(bytes);
    this.#have += bytes.length;
    const units: Unit[] = [];
    while (this.#have >= this.#need && this.#have > 0) {
      const all = this.#waiting.length === 1 ? (this.#waiting[0] as Buffer) : Buffer.concat(this.#waiting);
      const used = this.#cut(all, units);
      const rest = all.subarray(used);
      this.#waiting = rest.length === 0 ? [] : [rest];
      this.#have = rest.length;
      if (used === 0) break;
      this.#need = 1;
    }
    return units;
  }

  #cut(all: Buffer, units: Unit[]): number {
    switch (this.#at) {
      case 'head':
        return this.#cutHead(all, units);
      case 'frames':
        return this.#cutFrame(all, units);
      case 'other':
        units.push({ kind: 'other', raw: all });
        return all.length;
    }
  }

  #cutHead(all: Buffer, units: Unit[]): number {
    const end = all.indexOf(HEAD_END);
    if (end < 0) {
      if (all.length > HEAD_MAX_BYTES)
        throw new SkewbedError('bad-message', `no end of an HTTP head within ${HEAD_MAX_BYTES} bytes`);
      this.#need = all.length + 1;
      return 0;
    }
    const length = end + HEAD_END.length;
    const text = all.toString('latin1', 0, end);
    const upgrades = /^HTTP\/1\.1 101 /.test(text) || /^upgrade: *websocket *$/im.test(text);
    this.#at = upgrades ? 'frames' : 'other';
    units.push({ kind: 'head', raw: all.subarray(0, length), text });
    return length;
  }

  #cutFrame(all: Buffer, units: Unit[]): number {
    const frame = this.#frame(all);
    if (frame === null) return 0;
    if (frame.opcode >= FIRST_CONTROL_OPCODE) units.push({ kind: 'control', raw: frame.raw });
    else {
      this.#fragments.push(frame);
      if (frame.fin) units.push(messageOf(this.#fragments));
      if (frame.fin) this.#fragments = [];
    }
    return frame.raw.length;
  }

  #frame(all: Buffer): Frame | null {
    if (all.length < 2) return this.#wait(2);
    const [first, second] = [all[0] as number, all[1] as number];
    const short = second & 0x7f;
    const wide = short === 126 ? 2 : short === 127 ? 8 : 0;
    const key = (second & MASKED) === 0 ? 0 : 4;
    const start = 2 + wide + key;
    if (all.length < start) return this.#wait(start);
    const length = wide === 0 ? short : wide === 2 ? all.readUInt16BE(2) : Number(all.readBigUInt64BE(2));
    if (length > FRAME_MAX_BYTES)
      throw new SkewbedError('bad-message', `a frame of ${length} bytes is beyond the limit`);
    if (all.length < start + length) return this.#wait(start + length);
    const raw = all.subarray(0, start + length);
    const payload = key === 0 ? raw.subarray(start) : unmasked(raw, start);
    return { opcode: first & 0x0f, fin: (first & FIN) !== 0, raw, payload, start };
  }

  #wait(need: number): null {
    this.#need = need;
    return null;
  }
}

function messageOf(frames: readonly Frame[]): Unit {
  const [one] = frames as readonly [Frame];
  if (frames.length === 1)
    return { kind: 'message', raw: one.raw, payload: one.payload, placeOf: (at) => one.start + at };
  return {
    kind: 'message',
    raw: Buffer.concat(frames.map(({ raw }) => raw)),
    payload: Buffer.concat(frames.map(({ payload }) => payload)),
    placeOf: (at) => placeIn(frames, at),
  };
}

function placeIn(frames: readonly Frame[], at: number): number {
  let before = 0;
  let left = at;
  for (const { raw, payload, start } of frames) {
    if (left < payload.length) return before + start + left;
    left -= payload.length;
    before += raw.length;
  }
  throw new SkewbedError('bad-argument', `byte ${at} is beyond the message`);
}

function unmasked(raw: Buffer, start: number): Buffer {
  const key = raw.subarray(start - 4, start);
  const payload = Buffer.from(raw.subarray(start));
  for (let at = 0; at < payload.length; at += 1) payload[at] = (payload[at] as number) ^ (key[at & 3] as number);
  return payload;
}
