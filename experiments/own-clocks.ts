/**
 * A scenario from the clocks that the nodes were given by their settings (compose.yaml, .env.example): a guest moves from
 * node a to node b. Nobody knows beforehand what happens, so it expects nothing; the verdict says it.
 * A node's settings are skews against true time; here they become what a scenario file holds, readings at the move.
 */
import { formatDuration } from '@skewbed/model/time/nanos.ts';
import { readSkew, skewAt } from '@skewbed/model/time/skew.ts';
import { type DurationNs, NS_PER_S } from '@skewbed/proto/units.ts';
import type { Scenario } from './scenarios/scenario.ts';
import { readScenario } from './scenarios/scenario-file.ts';

type Environment = Readonly<Record<string, string | undefined>>;
type OwnClocks = { readonly wall: string; readonly uptime: string };

/** What compose.yaml gives the nodes when nobody says otherwise. A test holds the two together. */
export const OWN_CLOCKS: Readonly<Record<'a' | 'b' | 'c', OwnClocks>> = {
  a: { wall: '+0s +20ppm', uptime: '3d4h +20ppm' },
  b: { wall: '-10m -35ppm', uptime: '3d3h45m -35ppm' },
  c: { wall: '+90s x1.0002', uptime: '2h30m x1.0002' },
};

const DOWNTIME_NS: DurationNs = NS_PER_S / 2n;
/** True UTC at the stop. Any day will do; this is the thread's. */
const UTC_AT_STOP = '2008-11-27T08:21:44Z';

/** Clocks of an operating system are as large as they are; everything else in their scenario is divided by this. */
export const OS_SCALE = 12n;

/**
 * The scenario of SKEWBED_A_WALL, SKEWBED_A_UPTIME, SKEWBED_B_WALL, SKEWBED_B_UPTIME and SKEWBED_GUEST. With HOST_CLOCK=os
 * it is written so large that the scale 1/OS_SCALE brings its skews back to what the clocks really have.
 */
export function ownClocksScenario(environment: Environment): Scenario {
  const times = environment.HOST_CLOCK === 'os' ? OS_SCALE : 1n;
  const [a, b] = (['a', 'b'] as const).map((node) => clocksOf(environment, node)) as [OwnClocks, OwnClocks];
  const apart = offsetOf(b.uptime) - offsetOf(a.uptime) + DOWNTIME_NS;
  // Enlarged backwards it could lie before that host's boot; only the difference of uptimes counts. A scale divides jumps, downtime included.
  const uptimeNs = offsetOf(a.uptime) + (apart < 0n ? -apart * (times - 1n) : 0n);
  const text = `scenario: own-clocks
question: What happens to a guest that moves from node a to node b with the clocks that the nodes have?
guest: { kernel: ${environment.SKEWBED_GUEST || 'xenlinux-2.6.18'} }
hosts:
  a: { wall: ${UTC_AT_STOP} ${rateOf(a.wall)}, uptime: ${formatDuration(uptimeNs)} ${rateOf(a.uptime)} }
  b: { wall: ${signed((offsetOf(b.wall) - offsetOf(a.wall) + DOWNTIME_NS) * times)} ${rateOf(b.wall)}, uptime: ${formatDuration(uptimeNs + apart * times)} ${rateOf(b.uptime)} }
move: { kind: migrate, from: a, to: b, downtime: ${formatDuration(DOWNTIME_NS)} }
`;
  return readScenario(text, 'own-clocks');
}

function clocksOf(environment: Environment, node: 'a' | 'b'): OwnClocks {
  const name = `SKEWBED_${node.toUpperCase()}`;
  return {
    wall: environment[`${name}_WALL`] || OWN_CLOCKS[node].wall,
    uptime: environment[`${name}_UPTIME`] || OWN_CLOCKS[node].uptime,
  };
}

/** What a skew reads at the origin. */
const offsetOf = (skew: string): DurationNs => skewAt(readSkew(skew), 0n);
const signed = (ns: DurationNs): string => `${ns < 0n ? '' : '+'}${formatDuration(ns)}`;

/** The words of a skew beside its offset: 'x1.0002', '+20ppm', '' */
function rateOf(skew: string): string {
  return skew
    .split(/\s+/)
    .filter((word) => /^x\d|ppm$/.test(word))
    .join(' ');
}
