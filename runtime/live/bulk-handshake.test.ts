/** The answer to a handshake, word by word. The key and its answer are those of RFC 6455, 1.3. */
import { CLOSE_CODE } from '@skewbed/proto/close-codes.ts';
import { expect, test } from 'vitest';
import { HANDSHAKE_ANSWER_MAX_BYTES, handshakeTo, readAnswer } from './bulk-handshake.ts';

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const GOOD = [
  'HTTP/1.1 101 Switching Protocols',
  'upgrade: WebSocket',
  'Connection: keep-alive, Upgrade',
  'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
];

const bytesOf = (lines: readonly string[], rest = ''): Uint8Array =>
  new TextEncoder().encode(`${lines.join('\r\n')}\r\n\r\n${rest}`);
const answerTo = (lines: readonly string[], rest = '') => readAnswer(bytesOf(lines, rest), KEY, 'skewbed-error');

test('the right answer opens, and frames begin behind it', () => {
  const answer = answerTo(GOOD, 'frames');
  expect(answer).toEqual({ answer: 'open', rest: bytesOf(GOOD).length });
});

test('a part of it is no answer yet', () => {
  const whole = bytesOf(GOOD);
  for (let length = 0; length < whole.length; length++) {
    expect(readAnswer(whole.subarray(0, length), KEY, 'skewbed-error')).toEqual({ answer: 'incomplete' });
  }
});

test.each([
  ['is no HTTP', ['SSH-2.0-OpenSSH']],
  ['is HTTP/1.0', ['HTTP/1.0 101 Switching Protocols', ...GOOD.slice(1)]],
  ['upgrades to something else', [GOOD[0]!, 'Upgrade: h2c', ...GOOD.slice(2)]],
  ['does not upgrade the connection', [GOOD[0]!, GOOD[1]!, 'Connection: close', GOOD[3]!]],
  ['is to another key', [...GOOD.slice(0, 3), 'Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=']],
  ['names no key', GOOD.slice(0, 3)],
  ['names an extension', [...GOOD, 'Sec-WebSocket-Extensions: permessage-deflate']],
  ['names a subprotocol', [...GOOD, 'Sec-WebSocket-Protocol: chat']],
  ['has a line that is no header', [...GOOD, 'what is this']],
])('an answer that %s breaks it', (_name, lines) => {
  expect(answerTo(lines)).toMatchObject({ answer: 'refused', code: CLOSE_CODE.BROKEN });
});

test('a refusal carries the status and what the service says', () => {
  expect(answerTo(['HTTP/1.1 401 Unauthorized', 'Skewbed-Error: bad-token'])).toEqual({
    answer: 'refused',
    code: CLOSE_CODE.BAD_TOKEN,
    why: 'HTTP 401, bad-token',
  });
});

test('an answer without an end is given up at the bound', () => {
  expect(readAnswer(new Uint8Array(HANDSHAKE_ANSWER_MAX_BYTES).fill(65), KEY, 'x')).toMatchObject({
    answer: 'refused',
  });
});

test('a request asks for the path with its query, by a key of its own', () => {
  const url = new URL('ws://node-a:7001/v1/streams/m1?node=b');
  const { request, key } = handshakeTo(url, { Authorization: 'Bearer secret' });
  expect(request.split('\r\n').slice(0, 2)).toEqual(['GET /v1/streams/m1?node=b HTTP/1.1', 'Host: node-a:7001']);
  expect(request).toContain(`Sec-WebSocket-Key: ${key}\r\n`);
  expect(request.endsWith('Authorization: Bearer secret\r\n\r\n')).toBe(true);
  expect(handshakeTo(url, {}).key).not.toBe(key);
});
