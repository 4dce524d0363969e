/** Bugs of clocks: what Xen publishes, what a kernel does at its resume, and a fault that is asked for and never done. */
import type { Patch } from '@skewbed/model/patches/patch.ts';
import type { HostEvent } from '@skewbed/model/xen/host-event.ts';
import type { Canary } from './canary.ts';
import { wrapWorld } from './wrapped-world.ts';

const BUG = {
  testOnly: true,
  source: 'a deliberate bug of the chaos campaign',
  claims: 'None.',
  objections: 'It is wrong on purpose.',
} as const;

const swallowPatch: Patch = {
  ...BUG,
  name: 'canary-swallow-wallclock',
  side: 'hypervisor',
  hypervisorTime: (base) => {
    let updates = 0;
    return {
      updateDomainWallclockTime(host, domain) {
        updates += 1;
        if (updates % 7 !== 0) base.updateDomainWallclockTime(host, domain);
      },
    };
  },
};

export const swallowWallclock: Canary = {
  name: 'swallow-wallclock',
  text: 'Xen forgets every seventh update of a wall clock',
  breaks: ['wall', 'freeze'],
  patch: swallowPatch,
};

const lyingPatch: Patch = {
  ...BUG,
  name: 'canary-lying-date',
  side: 'guest',
  kernels: ['xenlinux-2.6.18'],
  guestTime: (base) => ({
    gettimeofday: (g) => {
      const date = base.gettimeofday(g);
      // Half a second late out of a freeze, and only out of one.
      const computed = g.xen.wallclock().wcNs + g.xen.systemTime();
      return computed > date ? date : date + 500_000_000n;
    },
  }),
};

export const frozenTooLong: Canary = {
  name: 'frozen-too-long',
  text: 'K1 shows a date half a second ahead of its guard while M1 holds it',
  breaks: ['freeze'],
  patch: lyingPatch,
};

const guardPatch: Patch = {
  ...BUG,
  name: 'canary-guard-not-reset',
  side: 'guest',
  kernels: ['pvops-6.12'],
  guestTime: (base) => ({
    resume(g, outcome) {
      const guard = g.state.guard;
      base.resume(g, outcome);
      g.state.guard = guard;
    },
  }),
};

export const guardNotReset: Canary = {
  name: 'guard-not-reset',
  text: 'K5 keeps its clocksource guard over a restore, as K4 did (d0054d672ff0 taken away)',
  breaks: ['freeze', 'monotonic'],
  patch: guardPatch,
};

const backwardsPatch: Patch = {
  ...BUG,
  name: 'canary-monotonic-back',
  side: 'guest',
  kernels: ['pvops-2.6.27', 'pvops-6.12'],
  guestTime: (base) => ({
    resume(g, outcome) {
      base.resume(g, outcome);
      if (outcome === 'cancelled') g.state.wallToMonotonic -= 300_000_000n;
    },
  }),
};

export const monotonicBack: Canary = {
  name: 'monotonic-back',
  text: 'K3 and K5 take CLOCK_MONOTONIC back by 0.3 s when a suspend is cancelled',
  breaks: ['monotonic', 'freeze'],
  patch: backwardsPatch,
};

export const faultNotDone: Canary = {
  name: 'fault-not-done',
  text: 'the testbed forgets every strobe of a clock, and says nothing',
  breaks: ['faults'],
  schedule: (schedule) => ({ ...schedule, faults: schedule.faults.filter(({ kind }) => kind !== 'strobe') }),
};

export const randomWithoutSeed: Canary = {
  name: 'random-without-seed',
  text: 'hosts take a little randomness from the machine, where they should ask the seed',
  breaks: ['determinism'],
  world: (world) =>
    wrapWorld(world, {
      host: (host) => ({
        step: (at, event) => host.step(at, event.type === 'call-guest' ? jittered(event) : event),
      }),
    }),
};

function jittered(event: Extract<HostEvent, { type: 'call-guest' }>): HostEvent {
  if (event.call.call !== 'nanosleep') return event;
  return { ...event, call: { ...event.call, lengthNs: event.call.lengthNs + BigInt(Math.floor(Math.random() * 1e6)) } };
}
