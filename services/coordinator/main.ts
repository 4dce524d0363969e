/**
 * The coordinator as a process: its core on real time, real sockets and a real journal, with the HTTP face on the same
 * port. True time is this process's monotonic clock. `node services/coordinator/main.ts --help` lists the settings.
 */
import type { AddressInfo } from 'node:net';
import { coordinatorClock } from '@skewbed/runtime/live/clock.ts';
import { LiveJournal } from '@skewbed/runtime/live/journal.ts';
import { liveLog } from '@skewbed/runtime/live/log.ts';
import { LiveNetwork } from '@skewbed/runtime/live/network.ts';
import { LiveTimers } from '@skewbed/runtime/live/timers.ts';
import type { Journal } from '@skewbed/runtime/ports/journal.ts';
import type { Log } from '@skewbed/runtime/ports/log.ts';
import { CoordinatorCore } from './core/coordinator.ts';
import { rehearseHandOver } from './core/hand-over-rehearsal.ts';
import { addLiveRoutes } from './http/live.ts';
import { addPage } from './http/page.ts';
import { addRoutes, gaugesOf } from './http/routes.ts';
import { addRunRoutes } from './http/runs.ts';
import { makeServer } from './server/server.ts';
import { type RunningService, runService, type ServiceContext } from './server/service-process.ts';
import { urlOf } from './server/settings.ts';

await runService({
  program: 'skewbed-coordinator',
  purpose: 'serves nodes and runners, relays migrations and keeps their journal',
  settings: [
    {
      flag: 'journal',
      variable: 'SKEWBED_JOURNAL',
      text: 'file of the journal; without one a restart forgets commits',
    },
    {
      flag: 'runs',
      variable: 'SKEWBED_RUNS',
      text: 'folder in which runners keep their runs; the page then shows verdicts and reports',
    },
  ],
  hosts: () => [],
  start,
});

async function start({ settings, listen, logLevel, token, access, fail }: ServiceContext): Promise<RunningService> {
  const clock = coordinatorClock;
  const timers = new LiveTimers(clock);
  const log = liveLog({
    name: 'coordinator',
    level: logLevel,
    times: () => ({ trueNs: clock.now() }),
    secrets: [token],
  });
  const network = new LiveNetwork({ token, access });
  const path = settings.get('journal');
  const file = path === undefined ? null : new LiveJournal(path, fail);
  const core = new CoordinatorCore({ clock, timers, network, log, journal: file ?? forgetfulJournal(log) });
  const server = await makeServer({
    title: 'Skewbed coordinator',
    description: 'Nodes, migrations and the history of a testbed. Nanoseconds are decimal strings.',
    access,
    log,
    gauges: gaugesOf(core),
  });
  addRoutes(server, core);
  addPage(server);
  addLiveRoutes(server, core);
  addRunRoutes(server, settings.get('runs') ?? null);
  network.attach(server.server);
  // Before there is anybody to wait for it: a guest stands still while these are read for the first time.
  rehearseHandOver();
  core.start();
  await server.listen(listen);
  const url = urlOf(server.server.address() as AddressInfo);
  log.info({ url }, 'listening');
  return {
    url,
    stop: async () => {
      network.shutDown();
      timers.cancelAll();
      await server.close();
      await new Promise<void>((closed) => {
        if (file === null) closed();
        else file.close(closed);
      });
    },
  };
}

/** For a run that is thrown away: a commit survives as long as this process does. */
function forgetfulJournal(log: Log): Journal {
  log.warn({}, 'no journal file is set (SKEWBED_JOURNAL): after a restart, commits are forgotten');
  return { lines: [], append: (_line, durable) => void setImmediate(durable) };
}
