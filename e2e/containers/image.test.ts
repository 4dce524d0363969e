import { expect, it } from 'vitest';
import { describeContainers, docker, IMAGE, LABEL, lines } from './engine.ts';

const inside = (...command: string[]): Promise<string> =>
  docker('run', '--rm', '--read-only', '--label', LABEL, '--network', 'none', IMAGE, ...command);

describeContainers('the image', () => {
  it('runs as a user who is not root, on a file system that cannot be written', async () => {
    expect(await inside('id', '-u')).toBe('1000');
    await expect(inside('touch', '/skewbed/x')).rejects.toThrow('Read-only file system');
  });

  it('holds what runs, and nothing that only tests or builds', async () => {
    const packages = lines(await inside('ls', '/skewbed/node_modules'));
    expect(packages).toEqual(expect.arrayContaining(['fastify', 'ws', 'msgpackr']));
    for (const tool of ['vitest', 'typescript', 'testcontainers', 'playwright-core', 'node'])
      expect(packages).not.toContain(tool);
    expect(await inside('find', '/skewbed', '-name', '*.test.ts', '-not', '-path', '*/node_modules/*')).toBe('');
  });

  it('has the command line, which runs a case in the simulator', async () => {
    const out = await docker(
      'run',
      '--rm',
      '--read-only',
      '--tmpfs',
      '/tmp',
      '--label',
      LABEL,
      IMAGE,
      'skewbed',
      'run',
      't3',
      '--json',
      '--out',
      '/tmp/runs',
    );
    expect(JSON.parse(out)).toMatchObject({ verdict: 'frozen', mechanism: 'M2+M2b' });
  }, 120_000);

  it('ends on SIGTERM by itself, long before anybody kills it', async () => {
    const id = await docker(
      'run',
      '--detach',
      '--label',
      LABEL,
      '--env',
      'SKEWBED_LISTEN=127.0.0.1:8080',
      IMAGE,
      'node',
      'services/coordinator/main.ts',
    );
    const ready = async () => (await docker('logs', id)).includes('"ready":true');
    while (!(await ready())) await new Promise((wait) => setTimeout(wait, 100));
    await docker('exec', id, 'bash', 'docker/healthcheck.sh');
    await docker('stop', '--time', '20', id);
    // 137 would be the kill after 20 s.
    expect(await docker('inspect', '--format', '{{.State.ExitCode}}', id)).toBe('0');
    await docker('rm', id);
  });

  it('has a healthcheck that fails where nothing answers: canary', async () => {
    await expect(inside('bash', '/skewbed/docker/healthcheck.sh')).rejects.toThrow();
  });
});
