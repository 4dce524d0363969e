/** The data routes of a node: its clocks, its domains, its link. Reading them disturbs no clock of a guest. */

import { ErrorBody } from '@skewbed/coordinator/server/http-schema.ts';
import type { Gauge } from '@skewbed/coordinator/server/metrics.ts';
import { closed, Decision, HostUptime, HostWall, Name, Nanoseconds, TrueTime } from '@skewbed/proto/control/fields.ts';
import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import type { NodeCore } from '../core/node.ts';

const Host = closed({
  node: Type.String(),
  coordinator: Type.String({ description: "'away', 'greeting' or 'ready'" }),
  trueNs: TrueTime,
  uncertaintyNs: Nanoseconds,
  host: Type.Union([
    closed({ name: Type.String(), wallNs: HostWall, uptimeNs: HostUptime, domains: Type.Array(Type.String()) }),
    Type.Null({ description: 'No host was configured yet.' }),
  ]),
  migrations: Type.Array(
    closed({
      migration: Type.String(),
      side: Type.String(),
      phase: Type.String({ description: "'in-doubt': it has voted, and nobody tells it the end." }),
    }),
  ),
});

const Migration = closed({ migration: Name });
const Resolve = closed({ decision: Decision });
const Resolved = closed({ migration: Type.String(), decision: Decision, trueNs: TrueTime });

const Domains = closed({ domains: Type.Array(Type.String()) });

export function addRoutes(server: FastifyInstance, core: NodeCore): void {
  server.get(
    '/v1/host',
    {
      schema: {
        description: 'The host with its two clocks, and true time as this node knows it.',
        response: { 200: Host },
      },
    },
    async () => {
      const { name, coordinator, at, uncertaintyNs, host, migrations } = core.status();
      return { node: name, coordinator, trueNs: at, uncertaintyNs, host, migrations };
    },
  );
  server.get(
    '/v1/domains',
    { schema: { description: 'The domains on this host.', response: { 200: Domains } } },
    async () => ({ domains: core.status().host?.domains ?? [] }),
  );
  addResolve(server, core);
}

/** The one thing that is done to a node by hand. */
function addResolve(server: FastifyInstance, core: NodeCore): void {
  server.post<{ Params: Static<typeof Migration>; Body: Static<typeof Resolve> }>(
    '/v1/migrations/:migration/resolve',
    {
      schema: {
        description:
          'What a person decides about a migration that is in doubt on this node; refused for any other. Two copies run, or none, when it is decided differently elsewhere.',
        params: Migration,
        body: Resolve,
        response: { 200: Resolved, '4xx': ErrorBody },
      },
    },
    async ({ params: { migration }, body: { decision } }) => ({
      migration,
      decision,
      trueNs: core.resolve(migration, decision),
    }),
  );
}

/** Numbers for /metrics. */
export function gaugesOf(core: NodeCore): readonly Gauge[] {
  return [
    {
      name: 'skewbed_connected',
      help: '1 when the coordinator is there',
      read: () => (core.status().coordinator === 'ready' ? 1 : 0),
    },
    { name: 'skewbed_domains', help: 'Domains on this host', read: () => core.status().host?.domains.length ?? 0 },
    {
      name: 'skewbed_migrations_open',
      help: 'Migrations of this node that have not ended',
      read: () => core.status().migrations.length,
    },
    {
      name: 'skewbed_clock_uncertainty_seconds',
      help: 'Half-width of what is not known about true time',
      read: () => Number(core.status().uncertaintyNs) / 1e9,
    },
  ];
}
