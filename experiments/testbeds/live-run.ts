/**
 * A run in real time: this process becomes a runner of a coordinator that is there already, wherever it is, with a clock,
 * timers and a network of its own that live as long as the run. Used by every testbed but the simulator.
 */
import { RunnerClient } from '@skewbed/coordinator/core/runner-client.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { Access } from '@skewbed/runtime/live/access.ts';
import { EstimatedClock } from '@skewbed/runtime/live/clock.ts';
import { LiveNetwork } from '@skewbed/runtime/live/network.ts';
import { LiveTimers } from '@skewbed/runtime/live/timers.ts';
import type { Clock } from '@skewbed/runtime/ports/clock.ts';
import type { Timers } from '@skewbed/runtime/ports/timers.ts';
import type { Plan } from '../plan.ts';
import { type RunOutcome, runPlan } from '../scenario-run.ts';

export type RunnerOptions = {
  /** Of this runner; unique at the coordinator. */
  readonly name: string;
  readonly coordinatorUrl: string;
  readonly token: string;
};

/** What somebody who is connected can use. */
export type ConnectedRunner = { readonly client: RunnerClient; readonly clock: Clock; readonly timers: Timers };

/** Runs a plan. */
export function runLive(
  plan: Plan,
  { progress, ...options }: RunnerOptions & { readonly progress?: (part: number, note?: string) => void },
): Promise<RunOutcome> {
  return asRunner<RunOutcome>(options, (runner, done) =>
    runPlan({ ...runner, ...(progress && { progress }) }, plan, done),
  );
}

/** Connects as a runner, lets `use` do what it wants until it calls `done`, and leaves. */
export function asRunner<R>(
  { name, coordinatorUrl, token }: RunnerOptions,
  use: (runner: ConnectedRunner, done: (what: R | SkewbedError) => void) => void,
): Promise<R> {
  const clock = new EstimatedClock();
  const timers = new LiveTimers(clock);
  clock.onAdjusted((steppedNs) => timers.clockAdjusted(steppedNs));
  const network = new LiveNetwork({ token, access: new Access({ token }) });
  const client = new RunnerClient({ clock, timers, network, sync: clock }, { name, coordinatorUrl });
  return new Promise<R>((resolve, reject) => {
    const done = (what: R | SkewbedError): void => {
      if (what instanceof SkewbedError) reject(what);
      else resolve(what);
    };
    client.connect({
      ready: () => use({ client, clock, timers }, done),
      closed: (error) =>
        done(error ?? new SkewbedError('link-lost', `the coordinator ${coordinatorUrl} closed the link`)),
    });
  }).finally(() => {
    client.close();
    network.shutDown();
    timers.cancelAll();
  });
}
