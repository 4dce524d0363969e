/** Bugs of the hand-over: who may run, who has to go, and what the journal has to hold before either. */
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { trueNs } from '@skewbed/proto/units.ts';
import { phaseOf } from '../trigger.ts';
import type { Canary } from './canary.ts';
import { wrapWorld } from './wrapped-world.ts';

export const resumeWithoutCommit: Canary = {
  name: 'resume-without-commit',
  text: 'the target runs the guest as soon as its memory is there, without waiting for the commit',
  breaks: ['journal', 'copies'],
  world: (world) =>
    wrapWorld(world, {
      target: (target) => {
        let early = false;
        return {
          finish: (at) => {
            const digest = target.finish(at);
            target.commit(at, { runAt: at, pausedForNs: 0n });
            early = true;
            return digest;
          },
          commit: (at, order) => {
            if (!early) target.commit(at, order);
          },
          abort: (at, why) => {
            if (!early) target.abort(at, why);
          },
        };
      },
    }),
};

export const sourceRunsOn: Canary = {
  name: 'source-runs-on',
  text: 'the source resumes its copy at the commit, where it should destroy it',
  breaks: ['copies'],
  world: (world) =>
    wrapWorld(world, { source: (source) => ({ commit: (at) => source.abort(at, 'a deliberate bug') }) }),
};

export const abortLosesGuest: Canary = {
  name: 'abort-loses-guest',
  text: 'a source whose migration is aborted after the suspend destroys its copy',
  breaks: ['copies', 'journal'],
  world: (world) =>
    wrapWorld(world, {
      source: (source) => {
        let suspended = false;
        return {
          suspend: (at) => {
            source.suspend(at);
            suspended = true;
          },
          abort: (at, why) => (suspended ? source.commit(at) : source.abort(at, why)),
        };
      },
    }),
};

export const abortKeepsTarget: Canary = {
  name: 'abort-keeps-target',
  text: 'a target whose migration is aborted keeps what it has built',
  breaks: ['copies', 'frames'],
  world: (world) => wrapWorld(world, { target: () => ({ abort: () => undefined }) }),
};

export const journalWithoutSync: Canary = {
  name: 'journal-without-sync',
  text: 'the coordinator gives its orders before the commit line is on disk',
  breaks: ['journal', 'copies'],
  journal: (journal) => ({
    lines: journal.lines,
    append: (line, durable) => {
      journal.append(line, () => undefined);
      durable();
    },
  }),
};

export const noSecondBoot: Canary = {
  name: 'no-second-boot',
  text: 'a machine that has crashed refuses its configuration when it is back',
  breaks: ['liveness'],
  world: (world) => {
    return {
      ...world,
      host: (config) => {
        // The first host of a run begins at its origin, well before the first second.
        if (config.origin > trueNs(1_000_000_000n)) throw new SkewbedError('refused', 'a deliberate bug');
        return world.host(config);
      },
    };
  },
};

export const fallsOverAbort: Canary = {
  name: 'falls-over-abort',
  text: 'the coordinator throws an error without a code when it orders an abort',
  breaks: ['crash'],
  tap: () => (passage) => {
    if (phaseOf(passage) === 'abort') throw new TypeError('undefined is not a function');
    return passage.message;
  },
};
