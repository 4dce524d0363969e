/**
 * How fast the model is: simulated seconds in a real second for an idle guest and for one in a freeze, each interrupt
 * alone for comparison, and whole migrations of a 256-page guest. Prints, checks nothing: `node model/speed.bench.ts`.
 */
import { NS_PER_S, secondsOf, trueNs } from '@skewbed/proto/units.ts';
import { at, benchHost, elapse, GUEST, migrate, startBenchGuest } from './bench-host.ts';
import { KERNEL_NAMES } from './guest/kernels/index.ts';
import { runTrial } from './laboratory.ts';
import { Host } from './xen/host.ts';

const YEAR_S = 31_557_600;

/** Real seconds that `run` takes, the best of three. */
function best(run: () => void): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 3; i++) {
    const begin = performance.now();
    run();
    least = Math.min(least, (performance.now() - begin) / 1000);
  }
  return least;
}

function print(what: string, perSecond: number, unit: string): void {
  console.log(`${what.padEnd(64)} ${Math.round(perSecond).toLocaleString('en').padStart(18)} ${unit}`);
}

/** An idle guest that is looked at once an hour. */
function idle(kernel: (typeof KERNEL_NAMES)[number], hours: number): void {
  const host = benchHost();
  startBenchGuest(host, { kernel });
  for (let hour = 1; hour <= hours; hour++) host.step(at(hour * 3600), { type: 'observe', domain: GUEST });
  host.drain();
}

for (const kernel of KERNEL_NAMES) {
  const hours = 2_000;
  print(`idle ${kernel}, a look at it each hour`, (hours * 3600) / best(() => idle(kernel, hours)), 'simulated s/s');
}

const freeze = {
  uptimeA: 1_000_000n * NS_PER_S,
  move: { uptimeB: 200_000n * NS_PER_S, wallJump: 2n * NS_PER_S, downtime: 2n * NS_PER_S },
};
for (const kernel of ['suse-2.6.25', 'pvops-2.6.35'] as const) {
  const horizon = 900_000n * NS_PER_S;
  const real = best(() => void runTrial({ kernel, ...freeze, horizon }));
  print(`T3 on ${kernel}, with its build, move and freeze`, secondsOf(horizon) / real, 'simulated s/s');
}

print(
  'idle K1 for a year, in one step',
  YEAR_S /
    best(() => {
      const host = benchHost();
      startBenchGuest(host);
      elapse(host, at(YEAR_S));
    }),
  'simulated s/s',
);

const alone = 1_000;
print(
  'idle K1, each interrupt alone',
  alone /
    best(() => {
      const { config, pageOps } = benchHost();
      const host = new Host(config, pageOps, 'one-by-one');
      startBenchGuest(host);
      elapse(host, at(alone));
    }),
  'simulated s/s',
);

const moves = 300;
print(
  'migrations of a 256-page guest between two hosts that stay',
  moves /
    best(() => {
      const hosts = [benchHost({ frames: 2048 }), benchHost({ name: 'b', mfnSalt: 2, frames: 2048 })] as const;
      startBenchGuest(hosts[0], { pages: 256, kernel: 'pvops-6.12' });
      for (let i = 0; i < moves; i++) {
        const stop = trueNs(BigInt(i + 1) * NS_PER_S);
        const [from, to] = i % 2 === 0 ? hosts : [hosts[1], hosts[0]];
        migrate(from, to, { stop, runAt: stop });
        from.drain();
        to.drain();
      }
    }),
  'migrations/s',
);
