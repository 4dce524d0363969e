/** What the live network does with peers that are not ours: the rest of its behaviour is in conformance/. */
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { CLOSE_CODE } from '@skewbed/proto/close-codes.ts';
import { CHANNEL_QUEUE_MAX_BYTES, MESSAGE_MAX_BYTES } from '@skewbed/proto/limits.ts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { Ear } from '../conformance/harness.ts';
import type { Channel } from '../ports/network.ts';
import { Access, TOKEN_COOKIE } from './access.ts';
import { LiveNetwork } from './network.ts';
import { answerOf, upgrade } from './raw-upgrade.ts';

const TOKEN = 'the-token-of-this-test';

let server: Server;
let network: LiveNetwork;
let port: number;
let accepted: { channel: Channel; ear: Ear }[];
const dialled: LiveNetwork[] = [];

beforeEach(async () => {
  server = createServer((_request, response) => response.end('still here'));
  network = new LiveNetwork({ token: TOKEN, access: new Access({ token: TOKEN, hosts: ['node-a'] }), channelsMax: 3 });
  accepted = [];
  network.accept((_path, _query, channel) => accepted.push({ channel, ear: new Ear(channel) }));
  network.attach(server, (path) => path.startsWith('/v1/'));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  port = (server.address() as AddressInfo).port;
});

afterEach(async () => {
  network.shutDown();
  for (const one of dialled.splice(0)) one.shutDown();
  server.closeAllConnections();
  await new Promise<void>((done) => server.close(() => done()));
});

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((turn) => setTimeout(turn, 1));
};

/** Another process of ours, with a token of its own. */
function peer(token: string): LiveNetwork {
  const one = new LiveNetwork({ token, access: new Access({ token }) });
  dialled.push(one);
  return one;
}

/** The service works for a well-behaved peer. */
async function expectAlive(): Promise<void> {
  const before = accepted.length;
  const channel = peer(TOKEN).dial(`ws://127.0.0.1:${port}`, '/v1/control');
  const ear = new Ear(channel);
  channel.send(Uint8Array.of(1));
  await until(() => accepted[before]?.ear.messages.length === 1);
  channel.close(CLOSE_CODE.NORMAL, '');
  await until(() => ear.closed && accepted[before]!.ear.closed);
  expect(ear.code).toBe(CLOSE_CODE.NORMAL);
}

/** A client of no good manners, past the handshake. */
async function stranger(headers: Record<string, string> = { authorization: `Bearer ${TOKEN}` }): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/control`, { headers, perMessageDeflate: false });
  socket.on('error', () => undefined);
  await new Promise<void>((open) => socket.once('open', open));
  return socket;
}

const closingOf = (socket: WebSocket): Promise<number> =>
  new Promise((told) => socket.once('close', (code) => told(code)));

const answerTo = (request: string | Uint8Array): Promise<string> => answerOf(port, request);

describe('who may come in', () => {
  test.each([
    ['a wrong token', ['Host: localhost', 'Authorization: Bearer wrong'], '401', 'bad-token'],
    [
      'a token that is a beginning of ours',
      ['Host: localhost', `Authorization: Bearer ${TOKEN.slice(0, -1)}`],
      '401',
      'bad-token',
    ],
    ['no token', ['Host: localhost'], '401', 'bad-token'],
    ['a token of another scheme', ['Host: localhost', `Authorization: Basic ${TOKEN}`], '401', 'bad-token'],
    ['a foreign host', ['Host: evil.example', `Authorization: Bearer ${TOKEN}`], '403', 'refused'],
    [
      'a foreign page',
      ['Host: localhost', 'Origin: http://evil.example', `Cookie: ${TOKEN_COOKIE}=${TOKEN}`],
      '403',
      'refused',
    ],
    [
      'a page without an origin',
      ['Host: localhost', 'Origin: null', `Cookie: ${TOKEN_COOKIE}=${TOKEN}`],
      '403',
      'refused',
    ],
  ])('not %s', async (_who, headers, status, code) => {
    const answer = await answerTo(upgrade(...headers));
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toContain(`"code":"${code}"`);
    expect(answer).not.toContain(TOKEN);
    expect(accepted).toEqual([]);
    await expectAlive();
  });

  test.each([
    ['our own page with its cookie', { cookie: `a=b; ${TOKEN_COOKIE}=${TOKEN}`, origin: 'http://localhost:8080' }],
    ['a name from the allow-list', { authorization: `bearer ${TOKEN}`, host: 'NODE-A:7001' }],
  ])('%s', async (_who, headers) => {
    const socket = await stranger(headers);
    await until(() => accepted.length === 1);
    socket.terminate();
  });

  test('whoever dials with a wrong token learns 4401 and the code', async () => {
    const ear = new Ear(peer('another-token-of-another').dial(`ws://127.0.0.1:${port}`, '/v1/control'));
    await until(() => ear.closed);
    expect(ear.closings[0]).toEqual({
      code: CLOSE_CODE.BAD_TOKEN,
      reason: `dial ws://127.0.0.1:${port}/v1/control: HTTP 401, bad-token`,
    });
  });

  test('nobody beyond the limit of channels, until one has gone', async () => {
    const sockets = [await stranger(), await stranger(), await stranger()];
    const ear = new Ear(peer(TOKEN).dial(`ws://127.0.0.1:${port}`, '/v1/control'));
    await until(() => ear.closed);
    expect(ear.closings[0]?.code).toBe(CLOSE_CODE.UNAVAILABLE);
    expect(ear.closings[0]?.reason).toContain('limit-exceeded');
    sockets[0]!.terminate();
    await until(() => network.channels === 2);
    await expectAlive();
    for (const socket of sockets) socket.terminate();
  });

  test('nobody any more after shutDown, and who is in is told 1001', async () => {
    const socket = await stranger();
    const closing = closingOf(socket);
    network.shutDown();
    expect(await closing).toBe(CLOSE_CODE.GOING_AWAY);
    expect(await answerTo(upgrade('Host: localhost', `Authorization: Bearer ${TOKEN}`))).toMatch(/^HTTP\/1.1 503 /);
  });
});

describe('handshakes that are none', () => {
  const good = ['Host: localhost', `Authorization: Bearer ${TOKEN}`];

  test.each([
    ['bytes of no protocol', Uint8Array.from({ length: 200 }, (_, i) => (i * 89) & 0xff), /^HTTP\/1.1 400 /],
    ['another method', upgrade(...good).replace('GET', 'POST'), /^HTTP\/1.1 405 /],
    ['no key', upgrade(...good).replace(/Sec-WebSocket-Key.*\r\n/, ''), /^HTTP\/1.1 400 /],
    ['another version', upgrade(...good).replace('Version: 13', 'Version: 7'), /^HTTP\/1.1 400 /],
    ['a path with a line feed in it', upgrade(...good).replace('/v1/control', '/v1/\x01'), /^HTTP\/1.1 400 /],
    [
      'a path without end',
      upgrade(...good).replace('/v1/control', `/v1/${'x'.repeat(2000)}`),
      /^HTTP\/1.1 400 .*limit-exceeded/s,
    ],
  ])('%s', async (_what, request, answer) => {
    expect(await answerTo(request)).toMatch(answer);
    expect(accepted).toEqual([]);
    await expectAlive();
  });

  test('a peer that resets in the middle of it', async () => {
    for (let cut = 20; cut < 180; cut += 40) {
      const socket: Socket = connect(port, '127.0.0.1');
      socket.on('error', () => undefined);
      await new Promise<void>((written) => socket.write(upgrade(...good).slice(0, cut), () => written()));
      socket.resetAndDestroy();
    }
    await expectAlive();
  });

  test('a peer that resets while it is refused', async () => {
    for (let i = 0; i < 20; i++) {
      const socket: Socket = connect(port, '127.0.0.1');
      socket.on('error', () => undefined);
      const request = upgrade('Host: localhost', 'Authorization: Bearer wrong');
      await new Promise<void>((written) => socket.write(request, () => written()));
      if (i % 2 === 0) await new Promise((turn) => setImmediate(turn));
      socket.resetAndDestroy();
    }
    await expectAlive();
  });

  test('other paths are left to others', async () => {
    let others = 0;
    server.on('upgrade', (request, socket) => {
      if (request.url !== '/elsewhere') return;
      others++;
      socket.destroy();
    });
    await answerTo(upgrade(...good).replace('/v1/control', '/elsewhere'));
    expect(others).toBe(1);
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('still here');
  });
});

describe('messages that are none', () => {
  test('text is 1003 on both sides', async () => {
    const socket = await stranger();
    const closing = closingOf(socket);
    socket.send('{"hello":"world"}');
    expect(await closing).toBe(CLOSE_CODE.UNSUPPORTED);
    await until(() => accepted[0]!.ear.closed);
    expect(accepted[0]!.ear.closings).toEqual([
      { code: CLOSE_CODE.UNSUPPORTED, reason: 'the peer sent text; messages are binary' },
    ]);
    expect(accepted[0]!.ear.messages).toEqual([]);
    await expectAlive();
  });

  test('one byte beyond the limit is 1009 on both sides, whole or in fragments', async () => {
    for (const fragments of [1, 8]) {
      const count = accepted.length;
      const socket = await stranger();
      const closing = closingOf(socket);
      const part = new Uint8Array(Math.ceil((MESSAGE_MAX_BYTES + 1) / fragments));
      for (let i = 1; i <= fragments; i++) socket.send(part, { binary: true, fin: i === fragments });
      expect(await closing).toBe(CLOSE_CODE.TOO_BIG);
      await until(() => accepted[count]!.ear.closed);
      expect(accepted[count]!.ear.closings[0]?.code).toBe(CLOSE_CODE.TOO_BIG);
      expect(accepted[count]!.ear.messages).toEqual([]);
    }
    await expectAlive();
  });

  test('fragments of one message arrive as one', async () => {
    const socket = await stranger();
    socket.send(Uint8Array.of(1, 2), { binary: true, fin: false });
    socket.send(Uint8Array.of(), { binary: true, fin: false });
    socket.send(Uint8Array.of(3), { binary: true, fin: true });
    await until(() => accepted[0]?.ear.messages.length === 1);
    expect(accepted[0]!.ear.messages).toEqual([Uint8Array.of(1, 2, 3)]);
    socket.terminate();
  });

  test.each([
    ['without a mask', [0x82, 0x01, 0x41], 1002],
    ['that claims to be compressed', [0xc2, 0x81, 0, 0, 0, 0, 0x41], 1002],
    ['of an unknown kind', [0x83, 0x80, 0, 0, 0, 0], 1002],
    ['that continues nothing', [0x80, 0x80, 0, 0, 0, 0], 1002],
    ['of 2^63 bytes', [0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], CLOSE_CODE.TOO_BIG],
  ])('a frame %s ends the channel, and nothing else', async (_what, frame, code) => {
    const socket = connect(port, '127.0.0.1');
    const heard: Buffer[] = [];
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => heard.push(bytes));
    socket.write(upgrade('Host: localhost', `Authorization: Bearer ${TOKEN}`));
    await until(() => accepted.length === 1 && heard.length === 1);
    socket.write(Uint8Array.from(frame));
    await until(() => heard.length === 2);
    // A close frame of two bytes: the code.
    expect([...heard[1]!]).toEqual([0x88, 2, code >> 8, code & 0xff]);
    socket.destroy();
    await until(() => accepted[0]!.ear.closed);
    expect(accepted[0]!.ear.code).toBe(code);
    expect(accepted[0]!.ear.messages).toEqual([]);
    await expectAlive();
  });

  test('a peer that does not read is given up when too much waits for it', async () => {
    const socket = await stranger();
    await until(() => accepted.length === 1);
    socket.pause();
    const { channel, ear } = accepted[0]!;
    const message = new Uint8Array(MESSAGE_MAX_BYTES);
    let most = 0;
    for (let i = 0; i < 40 && !ear.closed; i++) {
      channel.send(message);
      most = Math.max(most, channel.queuedBytes);
      await new Promise((turn) => setImmediate(turn));
    }
    await until(() => ear.closed);
    expect(ear.code).toBe(CLOSE_CODE.SLOW_PEER);
    expect(most).toBeLessThanOrEqual(CHANNEL_QUEUE_MAX_BYTES);
    expect(channel.queuedBytes).toBe(0);
    socket.terminate();
    await expectAlive();
  });
});
