/**
 * What both services serve alike over HTTP: access control, error bodies, /healthz, /login, /metrics, the OpenAPI page.
 * Open without a token: GET /healthz, the login, and the static files of the API page. Host and Origin are checked on
 * every route, on loopback too. A route says so itself when it is open: { config: { open: true } }.
 */
import cookie from '@fastify/cookie';
import { codedError, ERRORS, type SkewbedError } from '@skewbed/proto/errors.ts';
import { TOKEN_MAX_CHARS } from '@skewbed/proto/limits.ts';
import { type Access, TOKEN_COOKIE } from '@skewbed/runtime/live/access.ts';
import type { Log } from '@skewbed/runtime/ports/log.ts';
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { type Static, Type } from 'typebox';
import { addApiDocs } from './api-docs.ts';
import { ErrorBody, serializerCompiler, validatorCompiler } from './http-schema.ts';
import { type Gauge, metricsText } from './metrics.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** No token is asked for. */
    open?: true;
  }
}

export type ServerOptions = {
  readonly title: string;
  readonly description: string;
  readonly access: Access;
  readonly log: Log;
  readonly gauges: readonly Gauge[];
};

/** A request body is a login at most. */
const BODY_MAX_BYTES = 4 * 1024;
/** A day of looking at a page. */
const COOKIE_SECONDS = 24 * 60 * 60;

const Login = Type.Object({ token: Type.String({ maxLength: TOKEN_MAX_CHARS }) }, { additionalProperties: false });
const Health = Type.Object({ ok: Type.Literal(true) }, { additionalProperties: false });

/** A server without data routes; the caller adds them, and listens. */
export async function makeServer(options: ServerOptions): Promise<FastifyInstance> {
  const server = fastify({
    logger: false,
    bodyLimit: BODY_MAX_BYTES,
    forceCloseConnections: true,
    schemaController: { compilersFactory: { buildValidator: neverCalled, buildSerializer: neverCalled } },
  });
  // A form of another site can post text/plain without asking first; there is no body here but JSON.
  server.removeContentTypeParser('text/plain');
  server.setValidatorCompiler(validatorCompiler);
  server.setSerializerCompiler(serializerCompiler);
  guard(server, options);
  await server.register(cookie);
  addApiDocs(server, options);
  addCommonRoutes(server, options);
  return server;
}

/** Where nobody is named to make compilers of schemas, Fastify reads its own; those which are set are used at once. */
function neverCalled(): never {
  throw new Error("Fastify asked for compilers of schemas although the server's are set");
}

function guard(server: FastifyInstance, { access, log }: ServerOptions): void {
  server.addHook('onRequest', async (request, reply) => {
    reply.headers({
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
    });
    const open = request.routeOptions.config.open === true;
    const refusal = access.refuseHost(request.headers) ?? (open ? null : access.refuseToken(request.headers));
    if (refusal === null) return;
    if (refusal.status === 401) reply.header('www-authenticate', 'Bearer');
    await reply.code(refusal.status).send({ code: refusal.code, message: refusal.message });
  });
  server.setNotFoundHandler(async (request, reply) =>
    reply
      .code(404)
      .send({ code: 'not-found', message: `${request.method} ${request.url.slice(0, 200)}: no such route; see /docs` }),
  );
  server.setErrorHandler(async (thrown, _request, reply) => {
    const { status, code, message } = refusalOf(thrown);
    if (status >= 500)
      log.error({ status }, thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown));
    await reply.code(status).send({ code, message });
  });
}

function refusalOf(thrown: unknown): { status: number; code: string; message: string } {
  const error = codedError(thrown);
  if (error.code !== 'crash') return { status: statusOf(error), code: error.code, message: error.message };
  const status = statusIn(thrown);
  if (status !== null && status < 500) return { status, code: 'bad-argument', message: error.message };
  // What is inside is for the log, not for whoever asked.
  return { status: 500, code: 'crash', message: ERRORS.crash.meaning };
}

function statusOf({ code }: SkewbedError): number {
  if (code === 'not-found') return 404;
  if (code === 'bad-token') return 401;
  if (code === 'limit-exceeded') return 413;
  if (code === 'illegal-state') return 409;
  return 400;
}

/** Fastify's own errors (a body too large, no JSON) carry an HTTP status. */
function statusIn(thrown: unknown): number | null {
  if (typeof thrown !== 'object' || thrown === null || !('statusCode' in thrown)) return null;
  return typeof thrown.statusCode === 'number' ? thrown.statusCode : null;
}

function addCommonRoutes(server: FastifyInstance, { access, gauges }: ServerOptions): void {
  server.get(
    '/healthz',
    { config: { open: true }, schema: { description: 'The service runs.', security: [], response: { 200: Health } } },
    async () => ({ ok: true as const }),
  );
  server.post<{ Body: Static<typeof Login> }>(
    '/login',
    {
      config: { open: true },
      schema: {
        description: 'Trades the token for a cookie that a page cannot read.',
        security: [],
        body: Login,
        response: { 200: Health, '4xx': ErrorBody },
      },
    },
    async (request, reply) => {
      if (!access.tokenIs(request.body.token)) {
        return reply
          .code(401)
          .send({ code: 'bad-token', message: 'the token is not the token of this service: see SKEWBED_TOKEN' });
      }
      setTokenCookie(reply, request.body.token, COOKIE_SECONDS);
      return { ok: true as const };
    },
  );
  server.post(
    '/logout',
    { config: { open: true }, schema: { description: 'Forgets the cookie.', security: [], response: { 200: Health } } },
    async (_request, reply) => {
      setTokenCookie(reply, '', 0);
      return { ok: true as const };
    },
  );
  server.post(
    '/v1/stop',
    { schema: { description: 'Ends this service, as SIGTERM does.', response: { 200: Health } } },
    async (_request, reply) => {
      reply.raw.once('finish', () => process.emit('SIGTERM', 'SIGTERM'));
      return { ok: true as const };
    },
  );
  server.get(
    '/metrics',
    { schema: { description: 'For Prometheus.', produces: ['text/plain'] } },
    async (_request, reply) => {
      const { type, text } = await metricsText(gauges);
      return reply.type(type).send(text);
    },
  );
}

function setTokenCookie(reply: FastifyReply, value: string, maxAge: number): void {
  reply.setCookie(TOKEN_COOKIE, value, { httpOnly: true, sameSite: 'strict', path: '/', maxAge });
}
