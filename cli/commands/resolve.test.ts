/** skewbed resolve as a script sees it, against a node that only answers. */
import { spawn } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { riskText } from './resolve.ts';

const DOOR = join(import.meta.dirname, '../skewbed.mjs');
const TOKEN = 'a-token-for-tests-only';

let server: Server;
let url: string;
let asked: string[];

beforeEach(async () => {
  asked = [];
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    asked.push(`${request.method} ${request.url} ${body}`.trim());
    const bearer = request.headers.authorization === `Bearer ${TOKEN}`;
    const migrations = [{ migration: 'm1', side: 'source', phase: 'in-doubt' }];
    const answer = request.url === '/v1/host' ? { node: 'a', coordinator: 'away', migrations } : { migration: 'm1' };
    response.statusCode = bearer ? 200 : 401;
    response.end(JSON.stringify(bearer ? answer : { code: 'bad-token', message: 'no' }));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(() => server.close());

/** Runs it without a terminal. */
async function resolve(args: readonly string[], environment: Record<string, string> = { SKEWBED_TOKEN: TOKEN }) {
  const child = spawn(process.execPath, [DOOR, 'resolve', ...args], {
    env: { PATH: process.env.PATH ?? '', NO_COLOR: '1', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  let errors = '';
  child.stdout.on('data', (text) => {
    said += text;
  });
  child.stderr.on('data', (text) => {
    errors += text;
  });
  const code = await new Promise<number | null>((ended) => child.once('close', ended));
  return { code, said, errors };
}

describe('skewbed resolve', () => {
  it('says what the decision risks, and does it with --yes', async () => {
    const { code, said } = await resolve([url, 'm1', 'abort', '--yes']);
    expect(code).toBe(0);
    expect(said).toContain('Node a is the source of migration m1, in-doubt; coordinator: away.');
    expect(said).toContain('TWO COPIES RUN');
    expect(asked).toEqual(['GET /v1/host', 'POST /v1/migrations/m1/resolve {"decision":"abort"}']);
  });

  it('does nothing for a script that does not say --yes', async () => {
    const { code, errors } = await resolve([url, 'm1', 'abort']);
    expect(code).toBe(254);
    expect(errors).toContain('nothing was done');
    expect(asked).toEqual(['GET /v1/host']);
  });

  it('prints with --json one document, and the warning elsewhere', async () => {
    const { said, errors } = await resolve([url, 'm1', 'commit', '--yes', '--json']);
    expect(JSON.parse(said)).toEqual({ schema: 1, resolved: { migration: 'm1' } });
    expect(errors).toContain('THE GUEST IS LOST');
  });

  it.each([
    ['a migration that is not open there', ['m2', 'abort'], 'open are: m1'],
    ['a third decision', ['m1', 'maybe'], 'Allowed choices are commit, abort'],
  ])('refuses %s', async (_what, args, message) => {
    const { code, errors } = await resolve([url, ...args, '--yes']);
    expect(code).toBe(254);
    expect(errors).toContain(message);
  });

  it('wants a token, and a URL where no coordinator is known', async () => {
    expect((await resolve([url, 'm1', 'abort'], {})).errors).toContain('SKEWBED_TOKEN_FILE');
    expect((await resolve(['a', 'm1', 'abort'])).errors).toContain("node 'a' is no URL");
  });
});

describe('the warning', () => {
  it('names the loss for who gives its copy up, and two copies for who runs it', () => {
    for (const [side, decision] of [
      ['source', 'commit'],
      ['target', 'abort'],
    ] as const)
      expect(riskText(side, decision).join(' ')).toContain('THE GUEST IS LOST');
    for (const [side, decision] of [
      ['source', 'abort'],
      ['target', 'commit'],
    ] as const)
      expect(riskText(side, decision).join(' ')).toContain('TWO COPIES RUN');
  });

  it('says that whoever gives up goes first', () => {
    expect(riskText('source', 'commit').join(' ')).toContain('the source first, then the target');
    expect(riskText('target', 'abort').join(' ')).toContain('the target first, then the source');
  });
});
