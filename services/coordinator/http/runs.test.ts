import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Access } from '@skewbed/runtime/live/access.ts';
import { Simulation } from '@skewbed/runtime/sim/simulation.ts';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeServer } from '../server/server.ts';
import { addPage } from './page.ts';
import { addRunRoutes } from './runs.ts';

const TOKEN = 'a-token-for-tests-only';
let server: FastifyInstance;
let folder: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'skewbed-runs-'));
  mkdirSync(join(folder, 't3-uptime-only/1'), { recursive: true });
  writeFileSync(
    join(folder, 't3-uptime-only/1/result.json'),
    JSON.stringify({
      kernel: 'pvops-2.6.35',
      restore: 'song-2008',
      patches: ['x'],
      verdict: 'frozen',
      mechanism: 'M2+M2b',
    }),
  );
  writeFileSync(join(folder, 't3-uptime-only/1/report.html'), '<!doctype html>report');
  mkdirSync(join(folder, 'half/1'), { recursive: true });
  writeFileSync(join(folder, 'half/1/result.json'), '{ "verd');
  const { log } = new Simulation({ seed: 1 }).process('coordinator');
  server = await makeServer({ title: 'test', description: '', access: new Access({ token: TOKEN }), log, gauges: [] });
  addPage(server);
  addRunRoutes(server, folder);
  await server.ready();
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

const get = (url: string, headers: Record<string, string> = { authorization: `Bearer ${TOKEN}` }) =>
  server.inject({ method: 'GET', url, headers: { host: 'localhost', ...headers } });

describe('kept runs', () => {
  it('are listed, except one that is being written', async () => {
    const { runs } = (await get('/v1/runs')).json();
    expect(runs).toMatchObject([
      { scenario: 't3-uptime-only', seed: '1', fix: 'song-2008 x', verdict: 'frozen', late: null },
    ]);
  });

  it('show their reports, each in an origin of its own', async () => {
    const report = await get('/v1/runs/t3-uptime-only/1/report.html');
    expect(report.body).toContain('report');
    expect(report.headers['content-security-policy']).toBe('sandbox allow-scripts');
  });

  it.each([
    '/v1/runs/..%2f..%2fetc/1/report.html',
    '/v1/runs/t3-uptime-only/..%2f1/report.html',
    '/v1/runs/none/1/report.html',
  ])('give no other file: %s', async (url) => expect((await get(url)).statusCode).toBeGreaterThanOrEqual(400));

  it('need the token, and the page does not', async () => {
    expect((await get('/v1/runs', {})).statusCode).toBe(401);
    expect((await get('/v1/runs/t3-uptime-only/1/report.html', {})).statusCode).toBe(401);
    const page = await get('/', {});
    expect(page.statusCode).toBe(200);
    expect(page.headers['content-security-policy']).toContain("script-src 'self'");
    // What the policy forbids must not be in the page either.
    expect(page.body).not.toMatch(/<script>|style=|onclick=/);
  });
});
