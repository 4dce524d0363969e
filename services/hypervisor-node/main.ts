/**
 * A hypervisor node as a process: its core on real time and real sockets, the model as its world, the HTTP face on the
 * same port. `node services/hypervisor-node/main.ts --help` lists the settings.
 */
import type { AddressInfo } from 'node:net';
import { makeServer } from '@skewbed/coordinator/server/server.ts';
import { type RunningService, runService, type ServiceContext } from '@skewbed/coordinator/server/service-process.ts';
import { readNodeName, readPeerUrl, urlOf } from '@skewbed/coordinator/server/settings.ts';
import { checksums } from '@skewbed/runtime/checksum.ts';
import { EstimatedClock, monotonicNs } from '@skewbed/runtime/live/clock.ts';
import { liveLog } from '@skewbed/runtime/live/log.ts';
import { LiveNetwork } from '@skewbed/runtime/live/network.ts';
import { LiveTimers } from '@skewbed/runtime/live/timers.ts';
import { nodePageOps } from '@skewbed/runtime/page-ops.ts';
import type { LogFields } from '@skewbed/runtime/ports/log.ts';
import { SeededRandom } from '@skewbed/runtime/random.ts';
import { modelWorld } from './core/model-world.ts';
import { NodeCore } from './core/node.ts';
import { addRoutes, gaugesOf } from './http/routes.ts';

await runService({
  program: 'skewbed-node',
  purpose: 'runs one host of the model, with its guests, and migrates them',
  settings: [
    { flag: 'name', variable: 'SKEWBED_NODE_NAME', text: 'name of this node at the coordinator', otherwise: 'node' },
    {
      flag: 'coordinator',
      variable: 'SKEWBED_COORDINATOR_URL',
      text: 'where the coordinator is, such as http://127.0.0.1:8080',
    },
    {
      flag: 'url',
      variable: 'SKEWBED_NODE_URL',
      text: 'where the coordinator reaches this node, when that is not where it listens',
    },
  ],
  hosts: (settings) => {
    const url = settings.get('url');
    return url === undefined ? [] : [new URL(readPeerUrl(url, '--url')).hostname];
  },
  start,
});

async function start({ settings, listen, logLevel, token, access }: ServiceContext): Promise<RunningService> {
  const name = readNodeName(settings.get('name') ?? '');
  const coordinatorUrl = readPeerUrl(settings.get('coordinator') ?? '', 'SKEWBED_COORDINATOR_URL');
  const clock = new EstimatedClock();
  const timers = new LiveTimers(clock);
  clock.onAdjusted((steppedNs) => timers.clockAdjusted(steppedNs));
  const network = new LiveNetwork({ token, access });
  const log = liveLog({ name: `node-${name}`, level: logLevel, times: () => timesOf(core), secrets: [token] });
  // For nothing but the jitter of dialling again.
  const random = new SeededRandom(Number(monotonicNs() % 0x1_0000_0000n), name);
  let url = settings.get('url') ?? null;
  const core: NodeCore = new NodeCore(
    { clock, timers, network, log, random, checksums, sync: clock },
    modelWorld(nodePageOps),
    { name, url: () => url ?? '', coordinatorUrl },
  );
  const server = await makeServer({
    title: `Skewbed node ${name}`,
    description: 'One host: its clocks and its domains. Nanoseconds are decimal strings.',
    access,
    log,
    gauges: gaugesOf(core),
  });
  addRoutes(server, core);
  network.attach(server.server);
  await server.listen(listen);
  const here = urlOf(server.server.address() as AddressInfo);
  url ??= here;
  log.info({ url: here }, 'listening');
  core.start();
  return {
    url: here,
    stop: async () => {
      core.stop();
      network.shutDown();
      timers.cancelAll();
      await server.close();
    },
  };
}

/** Whose clock a line was written by is the question here, so each has all of them. */
function timesOf(core: NodeCore): LogFields {
  const { at, host } = core.status();
  return { trueNs: at, ...(host === null ? {} : { wallNs: host.wallNs, uptimeNs: host.uptimeNs }) };
}
