/** How the proxy cuts what passes it: on literal bytes of RFC 6455. */
import { expect, it } from 'vitest';
import { type Unit, WireUnits } from './wire-units.ts';

const REQUEST = 'GET /v1/control HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n';
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const upgraded = (): WireUnits => {
  const units = new WireUnits();
  units.take(Buffer.from(REQUEST));
  return units;
};
const payloadOf = (unit: Unit | undefined): string => {
  if (unit?.kind !== 'message') throw new Error(`a message was expected, not ${unit?.kind}`);
  return Buffer.from(unit.payload).toString('latin1');
};
/** 'Hello' as RFC 6455 5.7 has it, but binary: unmasked, and masked with 37 fa 21 3d. */
const HELLO = hex('82 05 48 65 6c 6c 6f');
const MASKED_HELLO = hex('82 85 37 fa 21 3d 7f 9f 4d 51 58');

it('the head of a handshake comes first, and is passed on as it came', () => {
  const [head, ...more] = new WireUnits().take(Buffer.concat([Buffer.from(REQUEST), HELLO]));
  expect(head).toMatchObject({ kind: 'head', text: REQUEST.slice(0, -4) });
  expect(head?.raw.toString()).toBe(REQUEST);
  expect(more.map(payloadOf)).toEqual(['Hello']);
});

it('a message is understood, masked or not, and its bytes are those that came', () => {
  for (const frame of [HELLO, MASKED_HELLO]) {
    const [message] = upgraded().take(frame);
    expect(payloadOf(message)).toBe('Hello');
    expect(message?.raw.equals(frame)).toBe(true);
  }
});

it('comes out the same however the bytes arrive', () => {
  const units = upgraded();
  const all = Buffer.concat([MASKED_HELLO, hex('89 00'), HELLO]);
  const seen = [...all].flatMap((byte) => units.take(Buffer.from([byte])));
  expect(seen.map(({ kind }) => kind)).toEqual(['message', 'control', 'message']);
  expect(Buffer.concat(seen.map(({ raw }) => raw)).equals(all)).toBe(true);
});

it('fragments are one message, a ping between them stands before it, and each byte of it is found in what came', () => {
  const [first, ping, last] = [hex('02 03 48 65 6c'), hex('89 01 21'), hex('80 02 6c 6f')];
  const [control, message, ...none] = upgraded().take(Buffer.concat([first, ping, last]));
  expect(control).toMatchObject({ kind: 'control' });
  expect(payloadOf(message)).toBe('Hello');
  expect(none).toEqual([]);
  if (message?.kind !== 'message') throw new Error('no message');
  const found = [0, 1, 2, 3, 4].map((at) => String.fromCharCode(message.raw[message.placeOf(at)] as number));
  expect(found.join('')).toBe('Hello');
});

it('lengths of two and of eight bytes are read', () => {
  const body = Buffer.alloc(70_000, 7);
  const short = Buffer.concat([hex('82 7e 01 00'), body.subarray(0, 256)]);
  const long = Buffer.concat([hex('82 7f 00 00 00 00 00 01 11 70'), body]);
  expect(
    upgraded()
      .take(Buffer.concat([short, long]))
      .map((unit) => payloadOf(unit).length),
  ).toEqual([256, 70_000]);
});

it('after a handshake that was refused everything is passed on', () => {
  const units = new WireUnits();
  const refusal = 'HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\n';
  expect(units.take(Buffer.from(`${refusal}no`)).map(({ kind }) => kind)).toEqual(['head', 'other']);
});

it('a frame beyond every limit is no frame of ours', () => {
  expect(() => upgraded().take(hex('82 7f 00 00 00 00 7f ff ff ff'))).toThrow(/beyond the limit/);
});
