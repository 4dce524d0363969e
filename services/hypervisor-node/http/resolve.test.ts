import { makeServer } from '@skewbed/coordinator/server/server.ts';
import { Access } from '@skewbed/runtime/live/access.ts';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MOVE, type ScriptedStage, scriptedStage } from '../stage/move.ts';
import { addRoutes, gaugesOf } from './routes.ts';

const TOKEN = 'a-token-for-tests-only';
const BEARER = { authorization: `Bearer ${TOKEN}`, host: '127.0.0.1:8080' };

let server: FastifyInstance;
let scripted: ScriptedStage;

beforeEach(async () => {
  scripted = scriptedStage();
  const { stage } = scripted;
  const core = stage.nodes.a;
  server = await makeServer({
    title: 'test',
    description: '',
    access: new Access({ token: TOKEN }),
    log: stage.simulation.process('log').log,
    gauges: gaugesOf(core),
  });
  addRoutes(server, core);
  stage.start('coordinator', MOVE);
  stage.simulation.run({ done: () => stage.coordinator.migrations()[0]?.phase === 'deciding' });
});

afterEach(() => server.close());

const resolve = (payload: object, migration = 'm1', headers: Record<string, string> = BEARER) =>
  server.inject({ method: 'POST', url: `/v1/migrations/${migration}/resolve`, payload, headers });

describe('POST /v1/migrations/:migration/resolve', () => {
  it('does what a person decided about a migration that is in doubt, and tells when', async () => {
    scripted.stage.crashCoordinator();
    scripted.stage.pass(1);
    const shown = await server.inject({ method: 'GET', url: '/v1/host', headers: BEARER });
    expect(shown.json().migrations).toEqual([{ migration: 'm1', side: 'source', phase: 'in-doubt' }]);
    const done = await resolve({ decision: 'abort' });
    expect(done.statusCode).toBe(200);
    expect(done.json()).toEqual({ migration: 'm1', decision: 'abort', trueNs: expect.stringMatching(/^\d+$/) });
    expect(scripted.a.guest).toBe('running');
  });

  it.each([
    ['that the coordinator still decides', 'm1', { decision: 'abort' }, 409, 'illegal-state'],
    ['that is not there', 'm2', { decision: 'abort' }, 404, 'not-found'],
    ['in a way that there is not', 'm1', { decision: 'maybe' }, 400, 'bad-argument'],
    ['with more than a decision', 'm1', { decision: 'abort', sure: true }, 400, 'bad-argument'],
  ])('refuses a migration %s', async (_what, migration, payload, status, code) => {
    const refused = await resolve(payload, migration);
    expect([refused.statusCode, refused.json().code]).toEqual([status, code]);
    expect(scripted.a.guest).toBe('suspended');
  });

  it('needs the token', async () => {
    scripted.stage.crashCoordinator();
    scripted.stage.pass(1);
    expect((await resolve({ decision: 'abort' }, 'm1', { host: 'localhost' })).statusCode).toBe(401);
    expect(scripted.a.guest).toBe('suspended');
  });
});
