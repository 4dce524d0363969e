/**
 * A chaos campaign on a Docker Swarm of this one machine, as docker/swarm/chaos.sh runs it: a job with a task for each
 * shard. The swarm is made on loopback and left afterwards; an engine that is in somebody's swarm already stays in it.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeContainers, docker, IMAGE, LABEL, REPO, sweep } from './engine.ts';

const folder = mkdtempSync(join(tmpdir(), 'skewbed-swarm-'));
const CAMPAIGN = ['--seeds', '7', '--canary', 'abort-loses-guest', '--faults', '14', '--shrink', '0'] as const;

describeContainers('a swarm', () => {
  beforeAll(async () => {
    if ((await docker('info', '--format', '{{.Swarm.LocalNodeState}}')) !== 'inactive') return;
    await docker('swarm', 'init', '--advertise-addr', '127.0.0.1', '--listen-addr', '127.0.0.1:2377');
    await docker('node', 'update', '--label-add', `${LABEL}=1`, await docker('node', 'ls', '--quiet'));
  });
  afterAll(async () => {
    await sweep();
    rmSync(folder, { recursive: true });
  });

  it('runs all shards of a campaign, which come to what one machine finds', { timeout: 300_000 }, async () => {
    const { code, stdout, stderr } = chaosOnSwarm('whole', {}, '3', ...CAMPAIGN);
    expect([code, stderr]).toEqual([1, expect.stringContaining('chaos 3/3 shards')]);
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/^npx skewbed replay sb1\./);
    const one = await skewbed('chaos', ...CAMPAIGN, '--json', '--out', join(folder, 'one')).catch(
      ({ stdout: printed }: { stdout: string }) => printed,
    );
    const merged = JSON.parse(readFileSync(join(folder, 'whole/chaos/result.json'), 'utf8'));
    expect(merged).toMatchObject({ seeds: 7, shard: '0/1' });
    expect({ ...merged, seconds: 0 }).toEqual({ ...JSON.parse(one), seconds: 0 });
    expect(await docker('service', 'ls', '--quiet', '--filter', 'name=skewbed-e2e-chaos')).toBe('');
  });

  it('gives up a campaign that cannot run, with what a shard said: canary', { timeout: 300_000 }, () => {
    const { code, stderr } = chaosOnSwarm('broken', {}, '2', '--seeds', '2', '--kernel', 'parrot');
    expect([code, stderr]).toEqual([255, expect.stringMatching(/of 2 shards have failed 3 times[\s\S]*parrot/)]);
  });

  it('notices a shard that is missing from what was collected: canary', async () => {
    const parts = ['1/2', '2/2'].map((shard) =>
      skewbed('chaos', '--seeds', '2', '--shard', shard, '--json', '--out', join(folder, shard.replace('/', '-'))),
    );
    await Promise.all(parts);
    const files = ['1-2', '2-2'].map((name) => join(folder, name, 'chaos/result.json'));
    await expect(skewbed('report', '--merge', files[0]!, '--out', folder)).rejects.toThrow(
      '0/2 (or 2/2) of 2 is missing',
    );
    await expect(skewbed('report', '--merge', ...files, '--json', '--out', folder)).resolves.toContain('"seeds": 2');
  });
});

function chaosOnSwarm(name: string, environment: Readonly<Record<string, string>>, ...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync('bash', [join(REPO, 'docker/swarm/chaos.sh'), ...args], {
    encoding: 'utf8',
    timeout: 240_000,
    env: {
      ...process.env,
      SKEWBED_IMAGE: IMAGE,
      SKEWBED_STACK: 'skewbed-e2e-chaos',
      SKEWBED_OUT: join(folder, name),
      // All shards at once, however few processors there are.
      SKEWBED_RESERVED_CPUS: '0.1',
      ...environment,
    },
  });
  return { code: status, stdout, stderr };
}

/** The command line in a process of its own; rejects unless it ends with 0. */
async function skewbed(...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(REPO, 'cli/skewbed.mjs'), ...args], {
    encoding: 'utf8',
  });
  if (status === 0) return stdout;
  throw Object.assign(new Error(stderr), { stdout });
}
