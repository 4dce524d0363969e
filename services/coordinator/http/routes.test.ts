import type { AddressInfo } from 'node:net';
import { EVENTS_PER_MESSAGE_MAX } from '@skewbed/proto/limits.ts';
import { trueNs } from '@skewbed/proto/units.ts';
import { Access } from '@skewbed/runtime/live/access.ts';
import { Simulation } from '@skewbed/runtime/sim/simulation.ts';
import type { FastifyInstance, InjectOptions } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CoordinatorCore } from '../core/coordinator.ts';
import { makeServer } from '../server/server.ts';
import { addRoutes, gaugesOf } from './routes.ts';

const TOKEN = 'a-token-for-tests-only';
const BEARER = { authorization: `Bearer ${TOKEN}`, host: '127.0.0.1:8080' };

let server: FastifyInstance;
let core: CoordinatorCore;

beforeEach(async () => {
  const ports = new Simulation({ seed: 1 }).process('coordinator');
  core = new CoordinatorCore(ports);
  server = await makeServer({
    title: 'test',
    description: '',
    access: new Access({ token: TOKEN }),
    log: ports.log,
    gauges: gaugesOf(core),
  });
  addRoutes(server, core);
  await server.ready();
});

afterEach(() => server.close());

const get = (url: string, headers: InjectOptions['headers'] = BEARER) => server.inject({ method: 'GET', url, headers });

describe('who may read', () => {
  it.each(['/v1/nodes', '/v1/migrations', '/v1/history', '/v1/watch', '/metrics', '/v1/nothing'])(
    '%s needs the token',
    async (url) => {
      const without = await get(url, { host: 'localhost' });
      expect(without.statusCode).toBe(401);
      expect(without.json()).toMatchObject({ code: 'bad-token' });
      expect(without.headers['www-authenticate']).toBe('Bearer');
      const wrong = await get(url, { host: 'localhost', authorization: 'Bearer nonsense-nonsense-nonsense' });
      expect(wrong.statusCode).toBe(401);
      expect(wrong.body).not.toContain(TOKEN);
    },
  );

  it.each(['/healthz', '/docs/', '/docs/json'])('%s is open', async (url) => {
    expect((await get(url, { host: 'localhost' })).statusCode).toBe(200);
  });

  it.each(['/healthz', '/v1/nodes'])('%s is not for a page from elsewhere, nor under another name', async (url) => {
    expect((await get(url, { ...BEARER, host: 'evil.example' })).statusCode).toBe(403);
    expect((await get(url, { ...BEARER, origin: 'http://evil.example' })).statusCode).toBe(403);
  });

  it('a browser trades the token for a cookie that scripts and other sites cannot use', async () => {
    const login = (token: string) =>
      server.inject({ method: 'POST', url: '/login', headers: { host: 'localhost' }, payload: { token } });
    expect((await login('not-the-token-at-all')).statusCode).toBe(401);
    const cookie = String((await login(TOKEN)).headers['set-cookie']);
    expect(cookie).toMatch(/HttpOnly/);
    expect(cookie).toMatch(/SameSite=Strict/);
    const read = await get('/v1/nodes', { host: 'localhost', cookie: cookie.split(';')[0] ?? '' });
    expect(read.statusCode).toBe(200);
  });
});

describe('what is asked wrongly', () => {
  it.each([
    ['an unknown key', '/v1/history?form=1', 'unknown key "form"'],
    ['no number', '/v1/history?from=x', 'from: must be integer'],
    ['a negative number', '/v1/history?from=-1', 'from: must be >= 0'],
    ['more than the limit', `/v1/history?most=${EVENTS_PER_MESSAGE_MAX + 1}`, 'most: must be <='],
  ])('%s is refused, and not silently dropped', async (_what, url, message) => {
    const answer = await get(url);
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ code: 'bad-argument', message: expect.stringContaining(message) });
  });

  it.each([
    ['an unknown key in a body', { payload: { token: TOKEN, remember: true } }, 400],
    ['no JSON', { payload: '{', headers: { host: 'localhost', 'content-type': 'application/json' } }, 400],
    ['a body that is too large', { payload: { token: 'x'.repeat(10_000) } }, 413],
    ['another type of body', { payload: 'a=b', headers: { host: 'localhost', 'content-type': 'text/plain' } }, 415],
  ] as const)('%s is refused with a code', async (_what, request, status) => {
    const answer = await server.inject({ method: 'POST', url: '/login', headers: { host: 'localhost' }, ...request });
    expect(answer.statusCode).toBe(status);
    expect(answer.json()).toMatchObject({ code: 'bad-argument' });
  });
});

describe('what can be read', () => {
  it('the history, with nanoseconds as decimal strings', async () => {
    core.history.append([{ at: trueNs(2n ** 60n), host: 'a', kind: 'loop-delay', maxNs: 5n }]);
    expect((await get('/v1/history')).json()).toEqual({
      first: 0,
      events: [{ at: String(2n ** 60n), host: 'a', kind: 'loop-delay', maxNs: '5' }],
      next: 1,
    });
  });

  it('numbers for Prometheus', async () => {
    const metrics = await get('/metrics');
    expect(metrics.headers['content-type']).toContain('text/plain');
    expect(metrics.body).toContain('skewbed_nodes 0');
    expect(metrics.body).toContain('process_resident_memory_bytes');
  });

  it('the routes, as OpenAPI, with types that JSON has', async () => {
    const { paths } = (await get('/docs/json')).json();
    expect(Object.keys(paths)).toEqual(
      expect.arrayContaining(['/v1/nodes', '/v1/migrations', '/v1/history', '/v1/watch', '/login', '/metrics']),
    );
    expect(JSON.stringify(paths)).not.toContain('bigint');
  });

  it('events as they happen, and again from where one was', async () => {
    await server.listen({ host: '127.0.0.1', port: 0 });
    const { port } = server.server.address() as AddressInfo;
    core.history.append([{ at: trueNs(1n), kind: 'loop-delay', maxNs: 5n }]);
    const watch = await fetch(`http://127.0.0.1:${port}/v1/watch?from=0`, {
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    expect(watch.headers.get('content-type')).toContain('text/event-stream');
    const reader = watch.body?.pipeThrough(new TextDecoderStream()).getReader();
    let seen = '';
    const until = async (text: string) => {
      while (!seen.includes(text)) seen += (await reader?.read())?.value ?? '';
    };
    await until('"maxNs":"5"');
    core.history.append([{ at: trueNs(2n), kind: 'loop-delay', maxNs: 6n }]);
    await until('"maxNs":"6"');
    expect(seen).toContain('id: 1\nevent: loop-delay\ndata: {"at":"2","kind":"loop-delay","maxNs":"6"}\n\n');
    await reader?.cancel();
  });
});
