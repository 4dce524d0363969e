/** What skewbed chaos refuses on real nodes, before any process is started. */
import { expect, it, vi } from 'vitest';
import { main } from './main.ts';

const said = (): string[] => {
  const lines: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => lines.push(String(text)) > 0);
  return lines;
};

it.each([
  ['--canary', 'source-runs-on'],
  ['--find', 'hang'],
])('%s is for the simulator: 254', async (option, value) => {
  const lines = said();
  expect(await main(['chaos', '--on', 'processes', option, value])).toBe(254);
  expect(lines.join('')).toContain(`${option} is for the simulator`);
});

it('a testbed that there is not is 254', async () => {
  const lines = said();
  expect(await main(['chaos', '--on', 'moon'])).toBe(254);
  expect(lines.join('')).toContain('sim, processes, containers');
});

it('containers without their token are told where it is', async () => {
  vi.stubEnv('SKEWBED_TOKEN', undefined);
  vi.stubEnv('SKEWBED_TOKEN_FILE', undefined);
  const lines = said();
  expect(await main(['chaos', '--on', 'containers', '--seeds', '1'])).toBe(254);
  expect(lines.join('')).toContain('docker compose exec coordinator cat /run/skewbed/token');
  vi.unstubAllEnvs();
});
