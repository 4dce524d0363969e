import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OWN_CLOCKS } from '@skewbed/experiments/own-clocks.ts';
import { expect, it } from 'vitest';
import { ComposeProject, endOf } from './compose-project.ts';
import { describeContainers, docker } from './engine.ts';
import { machineSeconds } from './machine-clocks.ts';

const RUN = ['up', '--exit-code-from', 'testbed', 'testbed'] as const;

describeContainers('docker compose up testbed', () => {
  it('shows the hang and its cures in a table, ends with 0, keeps the page up, and leaves nothing after down -v', async () => {
    await using project = await ComposeProject.named('story', { SKEWBED_SCENARIO: 'story own' });
    const { code, output } = await project.run(...RUN);
    expect(output).toMatch(/│ recipe one, nothing patched +│ xenlinux-2\.6\.18 +│ - +│ frozen +│ M1 /);
    expect(output).toMatch(/│ the uptime is behind, reset-last-value .* healthy /);
    expect(output).toMatch(/│ own-clocks .* frozen +│ M1 /);
    expect(output).toMatch(/ 1\/14 ✓/);
    expect(output).toContain('docker compose down -v');
    expect(code).toBe(0);

    const token = await project.token();
    expect(token.length).toBeGreaterThan(20);
    expect(output).not.toContain(token);
    expect((await fetch(`${project.url}/v1/nodes`)).status).toBe(401);
    const nodes = await fetch(`${project.url}/v1/nodes`, { headers: { authorization: `Bearer ${token}` } });
    expect((await nodes.json()) as object).toMatchObject({ nodes: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] });
    const runs = await fetch(`${project.url}/v1/runs`, { headers: { authorization: `Bearer ${token}` } });
    expect(((await runs.json()) as { runs: unknown[] }).runs).toHaveLength(14);
    const page = await fetch(project.url);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await page.text()).toContain('<title>Skewbed</title>');
    expect(await statusFor(project.url, 'evil.example')).toBe(403);

    await project.run('down', '-v');
    expect(await project.remains()).toBe('');
  });

  it('ends with the exit code of the command line when that is not 0', async () => {
    await using project = await ComposeProject.named('wrong', { SKEWBED_SCENARIO: 'no-such-case' });
    const { code, output } = await project.run(...RUN);
    expect(output).toContain("there is no case 'no-such-case'");
    expect(code).toBe(254);
  });

  it('stops everything within 10 s when its user types ^C, and says what removes the rest', async () => {
    await using project = await ComposeProject.named('interrupted', { SKEWBED_SCENARIO: 'cases' });
    const up = project.start('up', 'testbed');
    const ended = endOf(up);
    await new Promise<void>((resolve) => {
      up.stdout?.on('data', (text: string) => text.includes('1/6') && resolve());
    });
    const from = performance.now();
    up.kill('SIGINT');
    const { output } = await ended;
    expect(output).toContain('^C stops everything within seconds; docker compose down -v removes what is left of it.');
    const running = () => docker('ps', '-q', '--filter', `label=com.docker.compose.project=${project.name}`);
    while ((await running()) !== '' && performance.now() - from < 10_000)
      await new Promise((wait) => setTimeout(wait, 100));
    expect(await running()).toBe('');
  });
});

describeContainers('compose.yaml', () => {
  it('publishes one port, on loopback, and drops every privilege', async () => {
    await using project = await ComposeProject.named('config');
    const { output } = await project.run('config', '--format', 'json');
    const { services, networks } = JSON.parse(output) as {
      services: Record<string, Record<string, unknown> & { environment?: Record<string, string> }>;
      networks: Record<string, { internal?: boolean }>;
    };
    const published = Object.entries(services).filter(([, service]) => service.ports !== undefined);
    expect(published.map(([name]) => name)).toEqual(['coordinator']);
    expect(services.coordinator?.ports).toMatchObject([{ host_ip: '127.0.0.1' }]);
    for (const service of Object.values(services))
      expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
    expect(networks.private?.internal).toBe(true);
    // The defaults are written twice, because Compose cannot ask a program for them.
    for (const [node, clocks] of Object.entries(OWN_CLOCKS))
      expect(services[`node-${node}`]?.environment).toMatchObject({
        SKEWBED_HOST_WALL: clocks.wall,
        SKEWBED_HOST_UPTIME: clocks.uptime,
      });
  });

  it('takes the token from SKEWBED_TOKEN_FILE, and gives a node the clocks of its settings', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'skewbed-e2e-'));
    try {
      const file = join(folder, 'token');
      writeFileSync(file, 'a-token-that-somebody-chose\n', { mode: 0o644 });
      await using project = await ComposeProject.named('token', { SKEWBED_TOKEN_FILE: file });
      await project.run('up', '--detach', '--wait', 'node-b');
      expect(await project.token()).toBe('a-token-that-somebody-chose');
      const headers = { authorization: 'Bearer a-token-that-somebody-chose' };
      const answer = await fetch(`${project.url}/v1/clocks`, { headers });
      const { clocks } = (await answer.json()) as { clocks: { node: string; wallNs: string; uptimeNs: string }[] };
      expect(clocks.map(({ node }) => node)).toEqual(['b']);
      // Skewed is the host that the node runs; the container has the machine's clock.
      expect(Math.abs(Number(clocks[0]?.wallNs) / 1e9 - machineSeconds() + 600)).toBeLessThan(1);
      const uptime = 3 * 86_400 + 3 * 3_600 + 45 * 60;
      expect(Number(clocks[0]?.uptimeNs) / 1e9 - uptime).toBeGreaterThan(0);
      expect(Number(clocks[0]?.uptimeNs) / 1e9 - uptime).toBeLessThan(60);
      const inside = Number((await project.run('exec', '-T', 'node-b', 'date', '+%s.%N')).output);
      expect(Math.abs(inside - machineSeconds())).toBeLessThan(1);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describeContainers('compose.os-clock.yaml', () => {
  it('freezes a guest because the wall of another container is really behind, and date shows it', async () => {
    await using project = await ComposeProject.named('os-clock', {}, ['compose.yaml', 'compose.os-clock.yaml']);
    const { code, output } = await project.run(...RUN);
    expect(output).toMatch(/│ own-clocks .* frozen +│ M1 /);
    expect(code).toBe(0);
    const inside = Number((await project.run('exec', '-T', 'node-b', 'date', '+%s.%N')).output);
    expect(Math.abs(inside - machineSeconds() + 5)).toBeLessThan(1);

    // T5 for real: somebody sets the clock, and the node's host follows.
    await project.run('exec', '-T', 'node-b', 'bash', 'docker/set-clock.sh', 'step', '-7s');
    const token = await project.token();
    const steps = async () => {
      const answer = await fetch(`${project.url}/v1/history?most=1000`, {
        headers: { authorization: `Bearer ${token}` },
      });
      const { events } = (await answer.json()) as { events: { kind: string; host?: string; steppedNs?: string }[] };
      return events
        .filter(({ kind, host }) => kind === 'settime' && host === 'b')
        .map(({ steppedNs }) => Number(steppedNs) / 1e9);
    };
    const deadline = performance.now() + 10_000;
    while (!(await steps()).some((step) => step < -6) && performance.now() < deadline)
      await new Promise((wait) => setTimeout(wait, 200));
    expect((await steps()).find((step) => step < -6)).toBeCloseTo(-7, 1);
  });
});

/** fetch() does not let anybody choose the Host header. */
function statusFor(url: string, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(url, { headers: { host } }, (response) => resolve(response.resume().statusCode))
      .on('error', reject)
      .end();
  });
}
