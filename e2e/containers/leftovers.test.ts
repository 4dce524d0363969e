import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterAll, expect, it } from 'vitest';
import { Cluster } from './cluster.ts';
import { describeContainers, docker, leftovers, REPO, sweep } from './engine.ts';

describeContainers('a suite that was killed', () => {
  afterAll(sweep);

  it('leaves containers, which the next one sweeps before it starts clean', async () => {
    const stranger = await docker('run', '--detach', '--rm', 'skewbed:e2e', 'sleep', '120');
    const script = `import { Cluster } from './e2e/containers/cluster.ts';
      await Cluster.start(['a']); console.log('started'); setInterval(() => {}, 1000);`;
    const suite = spawn(process.execPath, ['--input-type=module', '-e', script], {
      cwd: REPO,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, VITEST: '' },
    });
    await once(createInterface({ input: suite.stdout! }), 'line');
    suite.kill('SIGKILL');
    await once(suite, 'exit');
    expect(await leftovers()).toHaveLength(2);

    await sweep();
    expect(await leftovers()).toEqual([]);
    // What is not ours is not swept.
    expect(await docker('ps', '-q', '--no-trunc')).toContain(stranger);
    await docker('rm', '--force', stranger);

    await using cluster = await Cluster.start(['a']);
    expect(await cluster.get('/v1/nodes')).toMatchObject({ nodes: [{ name: 'a' }] });
  });
});
