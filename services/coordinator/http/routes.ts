/** The data routes of the coordinator: who is connected, what migrates, what happened, and what happens now. */
import { Event } from '@skewbed/proto/control/event.ts';
import { closed, Nanoseconds } from '@skewbed/proto/control/fields.ts';
import { EVENTS_PER_MESSAGE_MAX } from '@skewbed/proto/limits.ts';
import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import type { CoordinatorCore } from '../core/coordinator.ts';
import { ErrorBody } from '../server/http-schema.ts';
import type { Gauge } from '../server/metrics.ts';
import { Watchers } from './watch.ts';

const Nodes = closed({
  nodes: Type.Array(closed({ name: Type.String(), url: Type.String(), uncertaintyNs: Nanoseconds })),
});

const Migrations = closed({
  migrations: Type.Array(
    closed({
      migration: Type.String(),
      domain: Type.String(),
      from: Type.String(),
      to: Type.String(),
      phase: Type.String(),
      batches: Type.Integer(),
      bytes: Type.Integer(),
      acknowledged: Type.Integer(),
    }),
  ),
});

const HistoryQuery = closed({
  from: Type.Optional(Type.Integer({ minimum: 0, description: 'Number of the first event; default: the latest.' })),
  most: Type.Optional(Type.Integer({ minimum: 1, maximum: EVENTS_PER_MESSAGE_MAX })),
});

const History = closed({
  first: Type.Integer({
    description: 'Number of the first event here; higher than asked for when older ones are forgotten.',
  }),
  events: Type.Array(Event),
  next: Type.Integer({ description: 'Ask from here for what comes after.' }),
});

const WatchQuery = closed({
  from: Type.Optional(Type.Integer({ minimum: 0, description: 'Number of the first event; default: from now on.' })),
});

const DEFAULT_MOST = 100;

export function addRoutes(server: FastifyInstance, core: CoordinatorCore): void {
  server.get(
    '/v1/nodes',
    { schema: { description: 'The nodes that are connected and ready.', response: { 200: Nodes } } },
    async () => ({ nodes: core.nodes() }),
  );
  server.get(
    '/v1/migrations',
    { schema: { description: 'Migrations under way, and the last that ended.', response: { 200: Migrations } } },
    async () => ({ migrations: core.migrations() }),
  );
  server.get<{ Querystring: Static<typeof HistoryQuery> }>(
    '/v1/history',
    {
      schema: {
        description: 'Recent events of all hosts.',
        querystring: HistoryQuery,
        response: { 200: History, '4xx': ErrorBody },
      },
    },
    async (request) => {
      const most = request.query.most ?? DEFAULT_MOST;
      return core.history.page(request.query.from ?? Math.max(0, core.history.next - most), most);
    },
  );
  const watchers = new Watchers(core.history);
  server.get<{ Querystring: Static<typeof WatchQuery> }>(
    '/v1/watch',
    {
      schema: {
        description:
          'Events as they happen (text/event-stream): curl -N -H "Authorization: Bearer $SKEWBED_TOKEN" .../v1/watch',
        querystring: WatchQuery,
        produces: ['text/event-stream'],
      },
    },
    (request, reply) => {
      const last = Number(request.headers['last-event-id']);
      const from = request.query.from ?? (Number.isSafeInteger(last) && last >= 0 ? last + 1 : core.history.next);
      watchers.admit();
      const { raw } = reply.hijack();
      watchers.serve(raw, from);
    },
  );
  server.addHook('preClose', async () => watchers.close());
}

/** Numbers for /metrics. */
export function gaugesOf(core: CoordinatorCore): readonly Gauge[] {
  const inPhase = (...phases: readonly string[]) =>
    core.migrations().filter(({ phase }) => phases.includes(phase)).length;
  return [
    { name: 'skewbed_nodes', help: 'Nodes that are connected and ready', read: () => core.nodes().length },
    {
      name: 'skewbed_history_events',
      help: 'Events since the coordinator started',
      read: () => core.history.next,
    },
    {
      name: 'skewbed_migrations_open',
      help: 'Migrations that have not ended',
      read: () => inPhase('preparing', 'streaming', 'deciding', 'handing-over', 'aborting'),
    },
    {
      name: 'skewbed_migrations_lost',
      help: 'Committed migrations whose target could not start the guest',
      read: () => inPhase('lost'),
    },
  ];
}
