// What the containers cost, as a Markdown table: image size, memory of an idle node, and the time until 3 and until 20
// nodes are ready. Run it on a quiet machine: node e2e/cost.mjs  (needs the image: docker compose build)
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';

const IMAGE = process.env.SKEWBED_IMAGE || 'skewbed:local';
const COUNTS = [3, 20];
const mark = `skewbed-cost-${process.pid}`;
const token = randomBytes(24).toString('base64url');
const docker = (...args) => execFileSync('docker', args, { encoding: 'utf8' }).trim();
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const megabytes = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`;
const rows = [];

function start(name, command, environment) {
  const variables = Object.entries({
    SKEWBED_TOKEN: token,
    SKEWBED_LISTEN: '0.0.0.0:8080',
    SKEWBED_LOG: 'silent',
    // As in compose.yaml.
    NODE_OPTIONS: '--max-semi-space-size=1',
    ...environment,
  });
  const flags = variables.flatMap(([key, value]) => ['--env', `${key}=${value}`]);
  docker(
    'run',
    '--detach',
    '--read-only',
    '--no-healthcheck',
    '--label',
    mark,
    '--network',
    mark,
    '--network-alias',
    name,
    ...flags,
    IMAGE,
    'node',
    command,
  );
}

/** How many nodes the coordinator knows; asked from inside its container, so that no port has to be published. */
function nodesReady(coordinator) {
  const script = `fetch('http://localhost:8080/v1/nodes', { headers: { authorization: 'Bearer ' + process.env.SKEWBED_TOKEN } })
    .then((answer) => answer.json()).then(({ nodes }) => console.log(nodes.length), () => console.log(0))`;
  return Number(
    spawnSync('docker', ['exec', coordinator, 'node', '-e', script], { encoding: 'utf8' }).stdout.trim() || 0,
  );
}

function clean() {
  const ids = docker('ps', '-aq', '--filter', `label=${mark}`).split('\n').filter(Boolean);
  if (ids.length > 0) docker('rm', '--force', ...ids);
  spawnSync('docker', ['network', 'rm', mark]);
}

try {
  const [size, base] = [IMAGE, 'node:24-bookworm-slim'].map((name) =>
    Number(docker('image', 'inspect', '--format', '{{.Size}}', name)),
  );
  rows.push(['image', `${megabytes(size)}, of which ${megabytes(base)} are its base`]);
  for (const count of COUNTS) {
    docker('network', 'create', '--internal', mark);
    const from = performance.now();
    start('coordinator', 'services/coordinator/main.ts', { SKEWBED_ALLOWED_HOSTS: 'coordinator' });
    const coordinator = docker('ps', '-q', '--filter', `label=${mark}`);
    for (let node = 1; node <= count; node += 1)
      start(`node-${node}`, 'services/hypervisor-node/main.ts', {
        SKEWBED_NODE_NAME: String(node),
        SKEWBED_NODE_URL: `http://node-${node}:8080`,
        SKEWBED_COORDINATOR_URL: 'http://coordinator:8080',
      });
    while (nodesReady(coordinator) < count) await sleep(100);
    rows.push([
      `start of ${count} nodes, until the coordinator knows all`,
      `${((performance.now() - from) / 1000).toFixed(1)} s`,
    ]);
    if (count === COUNTS[0]) {
      await sleep(3000);
      const node = docker('ps', '-q', '--filter', `label=${mark}`).split('\n')[0];
      const status = docker('exec', node, 'cat', '/proc/1/smaps_rollup');
      const of = (field) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024;
      rows.push(['an idle node, resident', `${megabytes(of('Rss'))}, its proportional share ${megabytes(of('Pss'))}`]);
    }
    clean();
  }
} finally {
  clean();
}
console.log(['| what | cost |', '| --- | --- |', ...rows.map((row) => `| ${row.join(' | ')} |`)].join('\n'));
