/**
 * The container engine as the suites use it: is there one, its command line, and the sweep of what an earlier suite left.
 * Only what carries the label of these suites, or a project name of theirs, is ever touched.
 */
import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe } from 'vitest';

export const REPO = join(import.meta.dirname, '..', '..');
/** On every container and network that a suite starts. */
export const LABEL = 'skewbed.e2e';
/** Compose projects of the suites are called this and something more. */
export const PROJECT_PREFIX = 'skewbed-e2e-';
export const IMAGE = 'skewbed:e2e';
export const OS_CLOCK_IMAGE = 'skewbed:e2e-os-clock';

/** Null when containers can be had; otherwise what is missing and how to get it, in one line. */
export function missingEngine(): string | null {
  const { status, stdout } = spawnSync('bash', [join(REPO, 'docker/engine.sh'), '--check'], { encoding: 'utf8' });
  return status === 0 ? null : stdout.trim() || 'docker/engine.sh does not run here';
}

/** A suite that needs containers: skipped, and counted as skipped, where there are none. In CI it runs, and fails. */
export const describeContainers = process.env.SKEWBED_E2E_MISSING ? describe.skip : describe;

const run = promisify(execFile);

/** Runs `docker ...` and gives its standard output. */
export async function docker(...args: readonly string[]): Promise<string> {
  const { stdout } = await run('docker', [...args], { cwd: REPO, maxBuffer: 2 ** 26 });
  return stdout.trim();
}

/** Removes what suites have left: containers, networks, Compose projects with their volumes, a swarm. */
export async function sweep(): Promise<void> {
  for (const project of await leftProjects()) await docker('compose', '-p', project, 'down', '-v', '--timeout', '1');
  const containers = lines(await docker('ps', '-aq', '--filter', `label=${LABEL}`));
  if (containers.length > 0) await docker('rm', '--force', '--volumes', ...containers);
  const networks = lines(await docker('network', 'ls', '-q', '--filter', 'label=org.testcontainers=true'));
  for (const network of networks) await docker('network', 'rm', network).catch(() => {});
  if (await isOurSwarm()) await docker('swarm', 'leave', '--force');
}

/** Whether this engine is in a swarm that a suite has made: its only node carries the label. */
async function isOurSwarm(): Promise<boolean> {
  if ((await docker('info', '--format', '{{.Swarm.ControlAvailable}}')) !== 'true') return false;
  return (await docker('node', 'inspect', 'self', '--format', `{{index .Spec.Labels "${LABEL}"}}`)) === '1';
}

/** Everything of the suites that is still there. */
export async function leftovers(): Promise<readonly string[]> {
  const containers = lines(await docker('ps', '-aq', '--filter', `label=${LABEL}`));
  return [...containers, ...(await leftProjects())];
}

async function leftProjects(): Promise<readonly string[]> {
  const projects = JSON.parse(await docker('compose', 'ls', '--all', '--format', 'json')) as { Name: string }[];
  return projects.map((project) => project.Name).filter((name) => name.startsWith(PROJECT_PREFIX));
}

export const lines = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '');
