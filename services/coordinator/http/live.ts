/** What the page shows of the moment: the clocks of all nodes, and the chart of the run that is under way or was the last. */
import { clockPlotOf } from '@skewbed/dashboard/clock-plot.ts';
import { viewOf } from '@skewbed/dashboard/view.ts';
import { closed, HostUptime, HostWall, TrueTime } from '@skewbed/proto/control/fields.ts';
import type { HistoryEvent } from '@skewbed/proto/history.ts';
import { HISTORY_KEPT_EVENTS } from '@skewbed/proto/limits.ts';
import { NS_PER_S } from '@skewbed/proto/units.ts';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import type { ClockReading, CoordinatorCore } from '../core/coordinator.ts';
import type { HistoryLog } from '../core/history-log.ts';

const Clocks = closed({
  clocks: Type.Array(
    closed({
      node: Type.String(),
      at: TrueTime,
      wallNs: HostWall,
      uptimeNs: HostUptime,
      domains: Type.Array(Type.String()),
    }),
  ),
});

/** A host is configured this long before its guest is made, at most. */
const BEFORE_GUEST_NS = 5n * NS_PER_S;

export function addLiveRoutes(server: FastifyInstance, core: CoordinatorCore): void {
  server.get(
    '/v1/clocks',
    { schema: { description: 'The clocks of every host now, side by side.', response: { 200: Clocks } } },
    async () => ({ clocks: await new Promise<readonly ClockReading[]>((resolve) => core.readClocks(resolve)) }),
  );
  let drawn: { readonly next: number; readonly text: string } | null = null;
  server.get(
    '/v1/plot',
    { schema: { description: 'The clocks of the last run against true time, as numbers for the chart of the page.' } },
    async (_request, reply) => {
      const { next } = core.history;
      if (drawn?.next !== next) drawn = { next, text: JSON.stringify(plotOf(core.history)) };
      return reply.type('application/json; charset=utf-8').send(drawn.text);
    },
  );
}

/** Null when no guest was ever made. */
function plotOf(history: HistoryLog) {
  const { events } = history.page(0, HISTORY_KEPT_EVENTS * 2);
  const run = lastRun(events);
  if (run === null) return { plot: null };
  const header = { skewbed: 1, scenario: 'live', testbed: 'live', seed: 0, scale: 1, plan: null } as const;
  return { plot: clockPlotOf(viewOf(header, run)) };
}

/** The events from the hosts of the last guest on, in order of true time. */
export function lastRun(events: readonly HistoryEvent[]): readonly HistoryEvent[] | null {
  const created = events.findLastIndex((event) => event.kind === 'domain-created');
  const guest = events[created];
  if (guest === undefined) return null;
  let first = created;
  for (let at = created; at >= 0 && events[at]!.at > guest.at - BEFORE_GUEST_NS; at -= 1) {
    if (events[at]!.kind === 'domain-created' && at !== created) break;
    if (events[at]!.kind === 'host-started') first = at;
  }
  const start = events[first]!.at;
  return events
    .slice(first)
    .filter((event) => event.at >= start)
    .sort((one, other) => Number(one.at - other.at));
}
