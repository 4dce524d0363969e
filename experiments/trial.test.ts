/** A scenario with something else in it than its file says. How it comes out is in the tests of the testbeds. */
import { expect, it } from 'vitest';
import { readScenario } from './scenarios/scenario-file.ts';
import { varied } from './trial.ts';

const scenarioOf = (migration: string, move = 'migrate, from: a, to: b, downtime: 2s') =>
  readScenario(
    `scenario: mine
guest: { kernel: xenlinux-2.6.18 }
hosts: { a: { wall: 2008-11-27T08:21:44Z, uptime: 1000000s }, b: { wall: -60s, uptime: 1000002s } }
move: { kind: ${move} }
expect: { verdict: frozen }
${migration}`,
    'mine.yaml',
  );

it('another pre-copy takes its own defaults, leaves the rest as the file has it, and expects what it expected', () => {
  const scenario = scenarioOf('migration: { policy: fixed-rounds, rounds: 2, verify: every-page, via: direct }');
  const live = varied(scenario, { precopy: 'qemu' });
  expect(live.migration).toEqual({
    ...scenario.migration,
    precopy: { policy: 'qemu', downtimeLimitNs: 300_000_000n, autoConverge: 'off' },
  });
  expect(live).toMatchObject({ migration: { verify: 'every-page', via: 'direct' }, expect: { verdict: 'frozen' } });
  expect(varied(live, { precopy: 'stop-and-copy' }).migration?.precopy).toEqual({ policy: 'stop-and-copy' });
  expect(varied(live, { precopy: 'xen', restore: 'copy-all' })).toMatchObject({
    migration: { precopy: { policy: 'xen' } },
    restore: 'copy-all',
    expect: null,
  });
});

it('the pre-copy that the file has keeps what the file says of it', () => {
  const scenario = scenarioOf('migration: { policy: fixed-rounds, rounds: 2 }');
  expect(varied(scenario, { precopy: 'fixed-rounds' })).toBe(scenario);
});

it('a file that says nothing of it is carried live, through the coordinator', () => {
  expect(varied(scenarioOf(''), { precopy: 'xen' }).migration).toEqual({
    precopy: { policy: 'xen' },
    verify: 'off',
    via: 'relay',
    bandwidth: null,
    timeLimitNs: null,
  });
});

it('a policy that there is not is refused, and any where nothing moves', () => {
  expect(() => varied(scenarioOf(''), { precopy: 'qmeu' })).toThrow(/no pre-copy policy 'qmeu'; did you mean 'qemu'/);
  expect(() => varied(scenarioOf('', 'none'), { precopy: 'xen' })).toThrow(/mine moves nothing/);
});
