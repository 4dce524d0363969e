/**
 * Drives a host through true time: its own deadlines, and what was ordered for exact instants. However late the event
 * loop woke, everything that is due is done at the instant it was due, in order of the instants; at one instant the
 * host's deadlines come first. How late the loop was is recorded where a clock is uncertain at all (not in the simulator).
 */

import { codedError, SkewbedError } from '@skewbed/proto/errors.ts';
import type { HistoryEvent } from '@skewbed/proto/history.ts';
import { AGENDA_MAX, SCHEDULE_AHEAD_MAX_NS } from '@skewbed/proto/limits.ts';
import { NS_PER_S, type TrueNs } from '@skewbed/proto/units.ts';
import { wireText } from '@skewbed/proto/wire-error.ts';
import type { Clock } from '@skewbed/runtime/ports/clock.ts';
import type { Timer, Timers } from '@skewbed/runtime/ports/timers.ts';
import type { HostClocks, WorldHost } from './world.ts';

export type DriverPorts = { readonly clock: Clock; readonly timers: Timers };

export type HostGlimpse = { readonly name: string; readonly domains: readonly string[] } & HostClocks;

type Appointment = {
  readonly at: TrueNs;
  readonly act: (at: TrueNs, host: WorldHost) => void;
  /** Called instead of act when it will never happen. */
  readonly dropped: (error: SkewbedError) => void;
};

type State =
  | { readonly phase: 'none' }
  | { readonly phase: 'running'; readonly host: WorldHost; readonly name: string }
  /** The model has failed: nothing it would say from here on could be believed. */
  | { readonly phase: 'failed'; readonly error: SkewbedError };

export class HostDriver {
  #state: State = { phase: 'none' };
  readonly #ports: DriverPorts;
  readonly #record: (events: readonly HistoryEvent[]) => void;
  /** Sorted by instant; equal instants in the order they were asked for. */
  #agenda: Appointment[] = [];
  #timer: { readonly at: TrueNs; readonly timer: Timer } | null = null;
  #delay: { readonly since: TrueNs; maxNs: bigint } | null = null;
  #lastAt: TrueNs | null = null;

  constructor(ports: DriverPorts, record: (events: readonly HistoryEvent[]) => void) {
    this.#ports = ports;
    this.#record = record;
  }

  /** From here on this host is driven, from `origin` on. What was ordered for the one before is dropped. */
  install(name: string, host: WorldHost, origin: TrueNs): TrueNs {
    this.#dropAll(new SkewbedError('illegal-state', `host ${name} was configured anew before this was due`));
    this.#state = { phase: 'running', host, name };
    this.#lastAt = origin;
    return this.actNow((at) => at);
  }

  /** Orders something for an instant; null is now. Throws 'late' when the instant is past. */
  schedule(at: TrueNs | null, act: Appointment['act'], dropped: Appointment['dropped']): void {
    this.#host();
    const now = this.#now();
    const due = at ?? now;
    if (due < now) throw new SkewbedError('late', `instant ${due} ns is ${now - due} ns past; order it further ahead`);
    if (due - now > SCHEDULE_AHEAD_MAX_NS) {
      throw new SkewbedError(
        'bad-argument',
        `instant ${due} ns is ${(due - now) / NS_PER_S} s ahead; at most ${SCHEDULE_AHEAD_MAX_NS / NS_PER_S} s`,
      );
    }
    if (this.#agenda.length >= AGENDA_MAX)
      throw new SkewbedError('limit-exceeded', `${AGENDA_MAX} commands are waiting already`);
    const after = this.#agenda.findLastIndex((each) => each.at <= due) + 1;
    this.#agenda.splice(after, 0, { at: due, act, dropped });
    if (due <= now) this.#catchUp(now);
    else this.#arm();
  }

  /** Does something now, after everything that is due. Throws what `act` throws. */
  actNow<R>(act: (at: TrueNs, host: WorldHost) => R): R {
    const now = this.#now();
    this.#catchUp(now);
    const host = this.#host();
    try {
      return act(now, host);
    } finally {
      this.#settle(host);
    }
  }

  /** Looks without doing anything that is due: for logs and pages, which must not change the order of things. */
  peek(): HostGlimpse | null {
    if (this.#state.phase !== 'running') return null;
    const { host, name } = this.#state;
    return { name, domains: host.domainNames(), ...host.clocksAt(this.#now()) };
  }

  /** Puts something that went wrong, and has nobody to be told, into the history. */
  reportFailure(error: SkewbedError): void {
    const host = this.hostName;
    const stamp = { at: this.#now(), ...(host === null ? {} : { host }) };
    this.#record([{ ...stamp, kind: 'failure', code: error.code, message: wireText(error.message) }]);
  }

  /** The host's name, or null before the first configuration and after a failure. */
  get hostName(): string | null {
    return this.#state.phase === 'running' ? this.#state.name : null;
  }

  stop(): void {
    this.#timer?.timer.cancel();
    this.#timer = null;
    this.#dropAll(new SkewbedError('illegal-state', 'the node stops'));
    this.#state = { phase: 'none' };
  }

  #host(): WorldHost {
    switch (this.#state.phase) {
      case 'running':
        return this.#state.host;
      case 'none':
        throw new SkewbedError('illegal-state', 'this node has no host yet: send configure-host first');
      case 'failed':
        throw this.#state.error;
    }
  }

  /** The clock, but never before an instant at which the host has been already. */
  #now(): TrueNs {
    const now = this.#ports.clock.now();
    return this.#lastAt !== null && this.#lastAt > now ? this.#lastAt : now;
  }

  #woke(due: TrueNs): void {
    this.#timer = null;
    const now = this.#now();
    this.#noteDelay(now, due);
    this.#catchUp(now);
  }

  /** Everything that is due, each at its own instant. */
  #catchUp(now: TrueNs): void {
    for (let next = this.#agenda[0]; next !== undefined && next.at <= now; next = this.#agenda[0]) {
      this.#agenda.shift();
      this.#elapse(next.at);
      if (this.#state.phase !== 'running') {
        next.dropped(this.#failure());
        continue;
      }
      const { host } = this.#state;
      this.#lastAt = next.at;
      next.act(next.at, host);
      this.#drain(host);
    }
    this.#elapse(now);
    this.#lastAt = now;
    this.#arm();
  }

  /** The host's own deadlines up to and including `until`. */
  #elapse(until: TrueNs): void {
    if (this.#state.phase !== 'running') return;
    const { host } = this.#state;
    try {
      for (let due = host.nextDeadline(); due !== null && due <= until; due = host.nextDeadline()) {
        host.step(due, { type: 'elapse' });
      }
    } catch (thrown) {
      const error = codedError(thrown);
      this.reportFailure(error);
      this.#state = { phase: 'failed', error };
    }
    this.#drain(host);
  }

  #settle(host: WorldHost): void {
    this.#drain(host);
    this.#arm();
  }

  #drain(host: WorldHost): void {
    const events = host.drain();
    if (events.length > 0) this.#record(events);
  }

  #arm(): void {
    const deadline = this.#state.phase === 'running' ? this.#state.host.nextDeadline() : null;
    const ordered = this.#agenda[0]?.at ?? null;
    const at = deadline === null ? ordered : ordered === null || deadline < ordered ? deadline : ordered;
    if (at === (this.#timer?.at ?? null)) return;
    this.#timer?.timer.cancel();
    this.#timer = at === null ? null : { at, timer: this.#ports.timers.at(at, () => this.#woke(at)) };
  }

  #noteDelay(now: TrueNs, due: TrueNs): void {
    if (this.#state.phase !== 'running' || this.#ports.clock.uncertainty() === 0n) return;
    const late = now - due;
    this.#delay ??= { since: now, maxNs: 0n };
    if (late > this.#delay.maxNs) this.#delay.maxNs = late;
    if (now - this.#delay.since < NS_PER_S) return;
    this.#record([{ at: now, host: this.#state.name, kind: 'loop-delay', maxNs: this.#delay.maxNs }]);
    this.#delay = null;
  }

  #failure(): SkewbedError {
    return this.#state.phase === 'failed' ? this.#state.error : new SkewbedError('illegal-state', 'the host is gone');
  }

  #dropAll(error: SkewbedError): void {
    const agenda = this.#agenda;
    this.#agenda = [];
    for (const each of agenda) each.dropped(error);
  }
}
