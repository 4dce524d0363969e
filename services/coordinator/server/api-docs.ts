/**
 * The API's page: /docs, and /docs/json for OpenAPI. What makes it is read when somebody first asks (4 MiB, and a second
 * server without a port, which knows the routes and answers none); a service that only works has none of it.
 */
import fastify, { type FastifyInstance, type RouteOptions } from 'fastify';
import { openApiSchema } from './http-schema.ts';

const PREFIX = '/docs';

export type About = { readonly title: string; readonly description: string };

/** Adds the page to a server that has no routes yet: it shows those which come after. */
export function addApiDocs(server: FastifyInstance, about: About): void {
  const routes: RouteOptions[] = [];
  server.addHook('onRoute', (route) => {
    if (route.method !== 'HEAD' && !route.url.startsWith(PREFIX)) routes.push(route);
  });
  let page: Promise<FastifyInstance> | null = null;
  for (const url of [PREFIX, `${PREFIX}/*`]) {
    server.get(url, { config: { open: true }, exposeHeadRoute: false }, async (request, reply) => {
      page ??= pageOf(routes, about);
      const { statusCode, headers, rawPayload } = await (await page).inject({ method: 'GET', url: request.url });
      // Its length and its connection are this server's matter.
      const { 'content-length': _length, connection: _connection, ...kept } = headers;
      return reply.code(statusCode).headers(kept).send(rawPayload);
    });
  }
}

async function pageOf(routes: readonly RouteOptions[], { title, description }: About): Promise<FastifyInstance> {
  const [{ default: swagger }, { default: swaggerUi }] = await Promise.all([
    import('@fastify/swagger'),
    import('@fastify/swagger-ui'),
  ]);
  const page = fastify({ logger: false, exposeHeadRoutes: false });
  page.setValidatorCompiler(() => () => true);
  page.setSerializerCompiler(() => () => '');
  await page.register(swagger, {
    openapi: {
      info: { title, description, version: '0.1.0' },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: [{ token: [] }],
    },
    transform: ({ schema, url }) => ({ schema: openApiSchema(schema) as typeof schema, url }),
  });
  await page.register(swaggerUi, { routePrefix: PREFIX, staticCSP: true });
  for (const { method, url, schema } of routes) page.route({ method, url, schema: schema ?? {}, handler: () => '' });
  await page.ready();
  return page;
}
