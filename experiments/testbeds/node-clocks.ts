/**
 * A plan on the clocks that the nodes have by themselves (HOST_CLOCK=os): nobody can order those, so they are read, twice,
 * and the plan is made for one instant ahead with what they will read then. The proof of the fault then says whether
 * they still did.
 */
import type { Outcome } from '@skewbed/coordinator/core/runner-client.ts';
import type { HostConfig } from '@skewbed/model/xen/host-event.ts';
import type { ResultOf } from '@skewbed/proto/control/commands.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { NS_PER_S, type TrueNs, trueNs } from '@skewbed/proto/units.ts';
import type { Plan } from '../plan.ts';
import { clocksOf, wallAheadNs } from '../plan-hosts.ts';
import { type RunOutcome, runPlan } from '../scenario-run.ts';
import { asRunner, type ConnectedRunner, type RunnerOptions } from './live-run.ts';

type Reading = Pick<ResultOf<'read-clocks'>, 'at' | 'wallNs' | 'uptimeNs'>;
type Readings = { readonly name: string; readonly first: Reading; readonly last: Reading };

/** Between the two readings: two microseconds of doubt are then one part in a million. */
const APART_NS = 2n * NS_PER_S;
/** From the last reading to the origin of the run. */
const LEAD_NS = NS_PER_S;
const PPB = 1_000_000_000n;

/** Runs a plan on the nodes' own clocks instead of those that the scenario wants. */
export function runOnNodeClocks(plan: Plan, options: RunnerOptions): Promise<RunOutcome> {
  return asRunner<RunOutcome>(options, (runner, done) => {
    const names = plan.hosts.map((host) => host.name);
    readAll(runner, names, done, (first) => {
      runner.timers.at(trueNs(runner.clock.now() + APART_NS), () =>
        readAll(runner, names, done, (last) => {
          const readings = names.map((name, index) => ({ name, first: first[index]!, last: last[index]! }));
          const origin = trueNs(runner.clock.now() + LEAD_NS);
          runPlan({ ...runner, origin }, onReadings(plan, readings, origin), done);
        }),
      );
    });
  });
}

function readAll(
  { client }: ConnectedRunner,
  names: readonly string[],
  failed: (error: SkewbedError) => void,
  then: (readings: readonly Reading[]) => void,
): void {
  const readings: Reading[] = [];
  let left = names.length;
  for (const [index, name] of names.entries()) {
    client.request(name, { command: 'read-clocks', at: null }, (outcome: Outcome<ResultOf<'read-clocks'>>) => {
      if (!outcome.ok) return failed(outcome.error);
      readings[index] = outcome.result;
      left -= 1;
      if (left === 0) then(readings);
    });
  }
}

/** The plan with the hosts as they are. Pure. */
export function onReadings(plan: Plan, readings: readonly Readings[], origin: TrueNs): Plan {
  const hosts = plan.hosts.map((host) => configOf(host, readings.find((each) => each.name === host.name)!, origin));
  const { move } = plan;
  const scenarioHosts = plan.scenario.hosts.map((host, index) => ({
    ...host,
    ...clocksOf(hosts[index]!, host.name === plan.startHost ? (move?.suspendAtNs ?? 0n) : (move?.runAtNs ?? 0n)),
  }));
  return {
    ...plan,
    hosts,
    scenario: { ...plan.scenario, hosts: scenarioHosts },
    move: move && {
      ...move,
      sourceWallAheadNs: wallAheadNs(hosts, { of: move.from, over: move.to, atNs: move.suspendAtNs }),
    },
  };
}

function configOf(host: HostConfig, { first, last }: Readings, origin: TrueNs): HostConfig {
  const ahead = origin - last.at;
  const rateOf = (clock: 'wallNs' | 'uptimeNs'): bigint => ((last[clock] - first[clock]) * PPB) / (last.at - first.at);
  const [wallRate, uptimeRate] = [rateOf('wallNs'), rateOf('uptimeNs')];
  if (wallRate <= 0n)
    throw new SkewbedError('bad-clock', `the wall of node ${host.name} went back while it was read; run it again`);
  return {
    ...host,
    utcAtZeroNs: last.wallNs + (ahead * wallRate) / PPB,
    wallSkew: `+0s ${rateText(wallRate)}`,
    uptimeSkew: `${last.uptimeNs + (ahead * uptimeRate) / PPB}ns ${rateText(uptimeRate)}`,
    ntpPeriodNs: null,
  };
}

const rateText = (ppb: bigint): string => `x${ppb / PPB}.${String(ppb % PPB).padStart(9, '0')}`;
