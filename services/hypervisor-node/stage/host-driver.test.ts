import type { HistoryEvent } from '@skewbed/proto/history.ts';
import { NS_PER_S, trueNs } from '@skewbed/proto/units.ts';
import type { Clock } from '@skewbed/runtime/ports/clock.ts';
import type { Timers } from '@skewbed/runtime/ports/timers.ts';
import { describe, expect, it } from 'vitest';
import { HostDriver } from '../core/host-driver.ts';
import type { WorldHost } from '../core/world.ts';
import { ScriptedWorld } from './scripted-world.ts';

/** A clock and timers of which the test decides when, and how late, they wake. */
class LateLoop implements Clock, Timers {
  nowNs = 0n;
  uncertaintyNs = 0n;
  readonly #set = new Set<{ readonly deadline: bigint; readonly fire: () => void }>();

  now() {
    return trueNs(this.nowNs);
  }

  uncertainty() {
    return this.uncertaintyNs;
  }

  at(deadline: bigint, fire: () => void) {
    const timer = { deadline, fire };
    this.#set.add(timer);
    return { cancel: () => this.#set.delete(timer) };
  }

  wakeAt(ns: bigint): void {
    this.nowNs = ns;
    for (const timer of [...this.#set]) {
      if (timer.deadline > ns || !this.#set.delete(timer)) continue;
      timer.fire();
    }
  }
}

function driven(deadlines: readonly bigint[] = []) {
  const loop = new LateLoop();
  const events: HistoryEvent[] = [];
  const world = new ScriptedWorld('a');
  world.deadlines.set('a', deadlines.map(trueNs));
  const driver = new HostDriver({ clock: loop, timers: loop }, (told) => events.push(...told));
  driver.install('a', world.host(), trueNs(0n));
  return { loop, events, world, driver };
}

const step = (type: 'audit' | 'observe') => (at: bigint, host: WorldHost) =>
  host.step(trueNs(at), type === 'audit' ? { type } : { type, domain: 'guest' });

describe('a host on true time', () => {
  it('is stepped at its own deadlines and at the ordered instants, however late the loop woke', () => {
    const { loop, world, driver } = driven([10n, 20n, 40n]);
    driver.schedule(trueNs(30n), step('audit'), () => {});
    driver.schedule(trueNs(15n), step('observe'), () => {});
    loop.wakeAt(1_000n);
    expect(world.did).toEqual(['elapse 10', 'observe 15', 'elapse 20', 'audit 30', 'elapse 40']);
  });

  it('does what was ordered for one instant in the order of the orders, after its own deadline', () => {
    const { loop, world, driver } = driven([30n]);
    driver.schedule(trueNs(30n), step('audit'), () => {});
    driver.schedule(trueNs(30n), step('observe'), () => {});
    loop.wakeAt(30n);
    expect(world.did).toEqual(['elapse 30', 'audit 30', 'observe 30']);
  });

  it('catches up before anything that is asked for now', () => {
    const { loop, world, driver } = driven([10n]);
    loop.nowNs = 50n;
    driver.actNow(step('audit'));
    expect(world.did).toEqual(['elapse 10', 'audit 50']);
  });

  it('refuses an instant that is past, and does nothing', () => {
    const { loop, world, driver } = driven();
    loop.nowNs = 50n;
    expect(() => driver.schedule(trueNs(49n), step('audit'), () => {})).toThrow(/1 ns past/);
    expect(world.did).toEqual([]);
  });

  it('can be looked at without anything being done', () => {
    const { loop, world, driver } = driven([10n]);
    loop.nowNs = 50n;
    expect(driver.peek()).toMatchObject({ name: 'a', wallNs: 50n });
    expect(world.did).toEqual([]);
  });

  it('that fails in its own deadline is not believed any more, and says why', () => {
    const { loop, events, world, driver } = driven([10n]);
    world.failAt = 'elapse' as never;
    loop.wakeAt(10n);
    expect(events).toMatchObject([{ kind: 'failure', host: 'a', code: 'refused' }]);
    expect(() => driver.actNow(step('audit'))).toThrow(/told to fail/);
  });

  it('drops what was ordered when it stops', () => {
    const { driver } = driven();
    const dropped: string[] = [];
    driver.schedule(trueNs(30n), step('audit'), (error) => dropped.push(error.code));
    driver.stop();
    expect(dropped).toEqual(['illegal-state']);
  });
});

describe('the delay of the event loop', () => {
  it('is recorded at most once a second, where a clock is uncertain', () => {
    const ticks = Array.from({ length: 300 }, (_, index) => BigInt(index + 1) * 10_000_000n);
    const { loop, events } = driven(ticks);
    loop.uncertaintyNs = 1n;
    ticks.forEach((tick, index) => {
      loop.wakeAt(tick + (index === 150 ? 7_000_000n : 1_000n));
    });
    const delays = events.flatMap((event) => (event.kind === 'loop-delay' ? [event.maxNs] : []));
    expect(delays).toEqual([1_000n, 7_000_000n]);
    expect(events.every(({ at }) => at <= 3n * NS_PER_S + 1_000n)).toBe(true);
  });

  it('is not there in the simulator', () => {
    const { loop, events } = driven([NS_PER_S, 2n * NS_PER_S, 4n * NS_PER_S]);
    for (const at of [1n, 2n, 4n]) loop.wakeAt(at * NS_PER_S);
    expect(events).toEqual([]);
  });
});
