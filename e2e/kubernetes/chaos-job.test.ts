/**
 * The Kubernetes job: its manifest against a strict schema, and the whole way of docker/kubernetes/chaos.sh (apply, wait,
 * collect, merge) with a stand-in for kubectl that really runs each index. No cluster has run it here.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { Compile } from 'typebox/compile';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type Job, JobFields } from './job-schema.ts';

const REPO = join(import.meta.dirname, '..', '..');
const root = mkdtempSync(join(tmpdir(), 'skewbed-kubernetes-'));
afterAll(() => rmSync(root, { recursive: true }));

const manifest = (): Job => parse(readFileSync(join(REPO, 'docker/kubernetes/chaos-job.yaml'), 'utf8')) as Job;
const schema = Compile(JobFields);

describe('the manifest', () => {
  it('is a Job, and has as many shards as completions', () => {
    const job = manifest();
    expect([...schema.Errors(job)]).toEqual([]);
    const env = new Map(job.spec.template.spec.containers[0]!.env.map(({ name, value }) => [name, value]));
    expect(env.get('SKEWBED_SHARDS')).toBe(String(job.spec.completions));
    expect(job.spec.template.spec.containers[0]!.volumeMounts.map(({ name }) => name)).toEqual(
      job.spec.template.spec.volumes.map(({ name }) => name),
    );
  });

  it.each<[string, (job: Job) => unknown]>([
    ['a field that is misspelt', (job) => ({ ...job, spec: { ...job.spec, backofLimitPerIndex: 2 } })],
    ['a job without indexes', (job) => ({ ...job, spec: { ...job.spec, completionMode: 'NonIndexed' } })],
    ['a name with capitals', (job) => ({ ...job, metadata: { ...job.metadata, name: 'Chaos' } })],
    [
      'a pod that may be root',
      (job) => {
        const changed = structuredClone(job) as { spec: { template: { spec: { securityContext: object } } } };
        changed.spec.template.spec.securityContext = { runAsNonRoot: false };
        return changed;
      },
    ],
  ])('with %s is refused: canary', (_, change) => {
    expect(schema.Check(change(manifest()))).toBe(false);
  });
});

/** docker/kubernetes/chaos.sh with the stand-in in the place of kubectl. */
function chaosOnKubernetes(name: string, environment: Readonly<Record<string, string>>, ...args: readonly string[]) {
  const folder = join(root, name);
  mkdirSync(folder, { recursive: true });
  const kubectl = join(folder, 'kubectl');
  const standIn = join(import.meta.dirname, 'stand-in-kubectl.ts');
  writeFileSync(kubectl, `#!/bin/sh\nexec '${process.execPath}' '${standIn}' "$@"\n`);
  chmodSync(kubectl, 0o755);
  const { status, stdout, stderr } = spawnSync('bash', [join(REPO, 'docker/kubernetes/chaos.sh'), ...args], {
    encoding: 'utf8',
    env: {
      ...process.env,
      NO_COLOR: '1',
      PATH: `${folder}${delimiter}${process.env.PATH}`,
      STAND_IN_FOLDER: folder,
      SKEWBED_OUT: join(folder, 'out'),
      SKEWBED_POLL_S: '0.1',
      ...environment,
    },
  });
  return { code: status, stdout, stderr, folder };
}
const read = (...path: readonly string[]): string => readFileSync(join(...path), 'utf8');
const CAMPAIGN = ['--seeds', '6', '--canary', 'abort-loses-guest', '--faults', '14', '--shrink', '0'] as const;

describe('docker/kubernetes/chaos.sh', { timeout: 180_000 }, () => {
  it('runs every index, merges them into what one machine finds, and removes the job', () => {
    const { code, stdout, stderr, folder } = chaosOnKubernetes(
      'whole',
      { SKEWBED_IMAGE: 'registry.example/s:1' },
      '3',
      ...CAMPAIGN,
    );
    expect([code, stderr]).toEqual([1, expect.stringContaining('chaos 3/3 shards')]);
    expect(stdout).toMatch(/^6 seeds, 2 with findings/m);
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/^npx skewbed replay sb1\./);

    const applied = parse(read(folder, 'applied.yaml')) as Job;
    expect([...schema.Errors(applied)]).toEqual([]);
    expect(applied.spec).toMatchObject({ completions: 3, parallelism: 3 });
    expect(applied.spec.template.spec.containers[0]).toMatchObject({ image: 'registry.example/s:1' });
    expect(existsSync(join(folder, 'deleted'))).toBe(true);

    const one = spawnSync(
      process.execPath,
      [join(REPO, 'cli/skewbed.mjs'), 'chaos', ...CAMPAIGN, '--json', '--out', join(folder, 'one')],
      { encoding: 'utf8' },
    );
    const merged = JSON.parse(read(folder, 'out/chaos/result.json'));
    expect({ ...merged, seconds: 0 }).toEqual({ ...JSON.parse(one.stdout), seconds: 0 });
  });

  it('notices a shard whose result is not there: canary', () => {
    const { code, stderr } = chaosOnKubernetes('lost', { STAND_IN_LOSES: '1' }, '3', '--seeds', '3');
    expect([code, stderr]).toEqual([254, expect.stringContaining('shard 1/3 of 3 is missing')]);
  });

  it('is 255 when a shard cannot run, with what it said', () => {
    const { code, stderr } = chaosOnKubernetes('broken', {}, '2', '--seeds', '2', '--kernel', 'parrot');
    expect([code, stderr]).toEqual([255, expect.stringContaining('the job has failed')]);
  });

  it('takes no options that a shell would read otherwise', () => {
    const { code, folder } = chaosOnKubernetes('typed', {}, '2', '--seeds', '2', "'; rm -rf x");
    expect(code).toBe(254);
    expect(existsSync(join(folder, 'applied.yaml'))).toBe(false);
  });
});
