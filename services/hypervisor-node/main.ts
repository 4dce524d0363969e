/**
 * A hypervisor node as a process: its core on real time and real sockets, the model as its world, the HTTP face on the
 * same port. `node services/hypervisor-node/main.ts --help` lists the settings.
 */
import type { AddressInfo } from 'node:net';
import { makeServer } from '@skewbed/coordinator/server/server.ts';
import { type RunningService, runService, type ServiceContext } from '@skewbed/coordinator/server/service-process.ts';
import { readNodeName, readPeerUrl, urlOf } from '@skewbed/coordinator/server/settings.ts';
import { readSkew } from '@skewbed/model/time/skew.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { checksums } from '@skewbed/runtime/checksum.ts';
import { EstimatedClock, machineUtcNs, monotonicNs } from '@skewbed/runtime/live/clock.ts';
import { liveLog } from '@skewbed/runtime/live/log.ts';
import { LiveNetwork } from '@skewbed/runtime/live/network.ts';
import { LiveTimers } from '@skewbed/runtime/live/timers.ts';
import { nodePageOps } from '@skewbed/runtime/page-ops.ts';
import type { Clock } from '@skewbed/runtime/ports/clock.ts';
import type { LogFields } from '@skewbed/runtime/ports/log.ts';
import { SeededRandom } from '@skewbed/runtime/random.ts';
import { modelWorld } from './core/model-world.ts';
import { rehearseMoves } from './core/move-rehearsal.ts';
import { NodeCore } from './core/node.ts';
import { type OwnClocks, settledClocks } from './core/own-clocks.ts';
import { rehearse } from './core/rehearsal.ts';
import { giveBackMemory } from './give-back.ts';
import { addRoutes, gaugesOf } from './http/routes.ts';
import { followOsClocks, OsClocks } from './os-clocks.ts';

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
    {
      flag: 'host-clock',
      variable: 'HOST_CLOCK',
      text: "'skew': the host's clocks are what --wall, --uptime or a scenario say; 'os': those of this operating system",
      otherwise: 'skew',
    },
    { flag: 'wall', variable: 'SKEWBED_HOST_WALL', text: "skew of the first host's wall, such as '-10m x1.0002'" },
    { flag: 'uptime', variable: 'SKEWBED_HOST_UPTIME', text: "its uptime at the start, such as '41d3h +20ppm'" },
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
  const own = ownClocksOf(settings, name, clock);
  const core: NodeCore = new NodeCore(
    { clock, timers, network, log, random, checksums, sync: clock },
    modelWorld(nodePageOps),
    { name, url: () => url ?? '', coordinatorUrl, ...(own === null ? {} : { ownClocks: own }) },
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
  // Before there is anybody to wait for it: the first migration of a node shall not be its slowest.
  for (const sum of checksums.names) rehearse(checksums.named(sum));
  rehearseMoves(modelWorld(nodePageOps), checksums.named(checksums.names[0] as string));
  core.start();
  const givingBack = giveBackMemory(() => core.status().host?.domains.length ?? 0);
  const following = own instanceof OsClocks ? followOsClocks(own, core) : null;
  return {
    url: here,
    stop: async () => {
      clearInterval(givingBack);
      if (following !== null) clearInterval(following);
      core.stop();
      network.shutDown();
      timers.cancelAll();
      await server.close();
    },
  };
}

/** Null: the node has no host until somebody configures one. */
function ownClocksOf(settings: ReadonlyMap<string, string>, name: string, clock: Clock): OwnClocks | null {
  const kind = settings.get('host-clock');
  const [wall, uptime] = [settings.get('wall'), settings.get('uptime')];
  if (kind === 'os') return new OsClocks({ name, clock });
  if (kind !== 'skew') throw new SkewbedError('bad-argument', `HOST_CLOCK is '${kind}'; one of skew, os`);
  if (wall === undefined && uptime === undefined) return null;
  return settledClocks({
    name,
    wallSkew: skewText(wall, '+0s'),
    uptimeSkew: skewText(uptime, '1h'),
    utcNow: machineUtcNs,
  });
}

/** A skew that can be read; one that cannot ends the process now, and not in the first run. */
function skewText(text: string | undefined, otherwise: string): string {
  readSkew(text ?? otherwise);
  return text ?? otherwise;
}

/** Whose clock a line was written by is the question here, so each has all of them. */
function timesOf(core: NodeCore): LogFields {
  const { at, host } = core.status();
  return { trueNs: at, ...(host === null ? {} : { wallNs: host.wallNs, uptimeNs: host.uptimeNs }) };
}
