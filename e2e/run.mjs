// npm run e2e: the container suites. Where there is no engine, or an old Node, it says in one line what is missing and how
// to get it, and counts what it skipped; in CI that is a failure.
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const here = import.meta.dirname;
const repo = join(here, '..');
const check = spawnSync('bash', [join(repo, 'docker/engine.sh'), '--check'], { encoding: 'utf8' });
const base = spawnSync('docker', ['image', 'inspect', 'node:24-bookworm-slim'], { stdio: 'ignore' });
let missing = null;
if (check.status !== 0)
  missing = check.stdout?.trim() || 'bash is missing, so nothing can be said about a container engine';
else if (base.status !== 0) {
  const made = spawnSync('bash', [join(repo, 'docker/base-image.sh')], { stdio: ['ignore', 'inherit', 'inherit'] });
  if (made.status !== 0)
    missing = 'the base image is missing: docker pull node:24-bookworm-slim, or sudo docker/base-image.sh';
}

if (missing !== null && process.env.CI) {
  console.error(`e2e: ${missing}`);
  process.exit(1);
}

const report = join(tmpdir(), `skewbed-e2e-${process.pid}.json`);
const json = process.argv.slice(2).find((arg) => arg.startsWith('--outputFile.json=')) ?? null;
const ran = spawnSync(
  process.execPath,
  [
    join(repo, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--config',
    join(here, 'vitest.config.ts'),
    '--reporter=default',
    '--reporter=json',
    ...(json === null ? [`--outputFile.json=${report}`] : []),
    ...process.argv.slice(2),
  ],
  {
    cwd: repo,
    stdio: 'inherit',
    env: { ...process.env, ...(missing === null ? {} : { SKEWBED_E2E_MISSING: missing }) },
  },
);

let counts = { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0 };
try {
  counts = JSON.parse(readFileSync(json === null ? report : json.split('=')[1], 'utf8'));
} catch {
  // vitest has said why there is no report.
}
rmSync(report, { force: true });
const { numPassedTests: passed, numFailedTests: failed, numPendingTests: skipped } = counts;
console.log(`container tests: ${passed} passed, ${failed} failed, ${skipped} skipped`);
if (missing !== null) console.log(`e2e: nothing ran: ${missing}`);
process.exitCode = ran.status === 0 && failed === 0 && (passed > 0 || missing !== null) ? 0 : 1;
