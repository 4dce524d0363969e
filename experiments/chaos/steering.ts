/**
 * The runner of a chaos run. It configures hosts and guests, hands each clock's steps to its node, asks for the moves
 * when their time comes, dials again when it lost the coordinator, sets up a host anew that comes back from a crash, and
 * looks at everything at the end. Whatever it cannot do because of a fault is recorded, and the run goes on.
 */
import { type Outcome, RunnerClient } from '@skewbed/coordinator/core/runner-client.ts';
import type { CommandName, CommandOf, ResultOf } from '@skewbed/proto/control/commands.ts';
import type { Transfer } from '@skewbed/proto/control/transfer.ts';
import { type TrueNs, trueNs } from '@skewbed/proto/units.ts';
import type { Violation } from './checkers/checker.ts';
import { Whereabouts } from './checkers/whereabouts.ts';
import { clockPlan } from './clock-plan.ts';
import { nsOfMs } from './duration.ts';
import type { Report } from './faults/fault.ts';
import { kindOf } from './faults/index.ts';
import { hostConfig } from './instants.ts';
import { COORDINATOR, type RunBed } from './run-bed.ts';
import {
  type ChaosGuest,
  type ChaosHost,
  type ChaosMove,
  moveLimitMsOf,
  quietFromMs,
  quietMsOf,
  type Schedule,
} from './schedule.ts';

/** How long before its suspend a move with a pre-copy is asked for. */
const PRECOPY_LEAD_MS = 2000;
const RETRY_MS = 100;
const LOOK_EVERY_MS = 3000;
const HZ = 100;
const TICK_MS = 1000 / HZ;
const WRITER_PAGES = 16;
const SLEEP_NS = nsOfMs(1000);

export class Steering {
  readonly violations: Violation[] = [];
  readonly #bed: RunBed;
  readonly #schedule: Schedule;
  readonly #ports: ConstructorParameters<typeof RunnerClient>[0];
  readonly #whereabouts = new Whereabouts();
  readonly #endMs: number;
  #seen = 0;
  #client: RunnerClient | null = null;
  #clients = 0;
  #sleeps = 0;
  #ended = false;
  #origin: TrueNs = trueNs(0n);

  constructor(bed: RunBed, schedule: Schedule) {
    this.#bed = bed;
    this.#schedule = schedule;
    this.#endMs = quietFromMs(schedule) + quietMsOf(schedule);
    this.#ports = bed.runner;
    this.#connect(() => this.#configure(bed.pace.leadMs));
  }

  get ended(): boolean {
    return this.#ended;
  }

  get origin(): TrueNs {
    return this.#origin;
  }

  /** A host's process came back: its machine has just booted, without a guest. */
  hostRestarted(name: string): void {
    const host = this.#schedule.hosts.find((each) => each.name === name) as ChaosHost;
    const origin = this.#ports.clock.now();
    const atMs = Number((origin - this.#origin) / 1000n) / 1000;
    const config = hostConfig(this.#schedule, host, { origin, atMs });
    this.#insist(name, { command: 'configure-host', config: { ...config, patches: [...config.patches] } }, () =>
      this.#handOver(name, Number((this.#ports.clock.now() - this.#origin) / 1000n) / 1000),
    );
  }

  #connect(then: () => void): void {
    this.#clients += 1;
    const client = new RunnerClient(this.#ports, {
      name: `runner-${this.#clients}`,
      coordinatorUrl: this.#bed.coordinatorUrl,
    });
    client.connect({
      ready: () => {
        this.#client = client;
        this.#bed.listen(client);
        then();
      },
      closed: () => {
        this.#client = null;
        if (!this.#ended) this.#bed.after(RETRY_MS, () => this.#connect(() => {}));
      },
    });
  }

  /** Where the hosts were not ready for the origin by far, as on a busy machine, all begins anew with more time. */
  #configure(leadMs: number): void {
    this.#origin = trueNs(this.#ports.clock.now() + nsOfMs(leadMs));
    this.#bed.setOrigin(this.#origin);
    let left = this.#schedule.hosts.length;
    for (const host of this.#schedule.hosts) {
      const config = hostConfig(this.#schedule, host, { origin: this.#origin, atMs: 0 });
      this.#insist(
        host.name,
        { command: 'configure-host', config: { ...config, patches: [...config.patches] } },
        () => {
          this.#handOver(host.name, 0);
          left -= 1;
          if (left > 0) return;
          if (this.#ports.clock.now() + nsOfMs(leadMs / 3) > this.#origin) this.#configure(2 * leadMs);
          else this.#begin();
        },
      );
    }
  }

  #begin(): void {
    const { guests, moves, faults } = this.#schedule;
    for (const guest of guests) this.#createGuest(guest);
    for (const [index, move] of moves.entries()) {
      this.#bed.at(Math.max(0, move.atMs - this.#leadMs(move)), () =>
        this.#move(move, this.#bed.migrationName(index + 1)),
      );
    }
    for (const [number, fault] of faults.entries()) {
      const kind = kindOf(fault);
      if (kind.about === 'clock') {
        if ('host' in fault) this.#bed.at(fault.atMs + 1.5 * TICK_MS, () => this.#sleepOn(fault.host));
        continue;
      }
      const report: Report = (outcome, detail) =>
        this.#bed.record([{ at: this.#ports.clock.now(), kind: 'fault', fault: fault.kind, number, outcome, detail }]);
      const refusal = this.#bed.refuses(fault);
      if (refusal === null) kind.inject(fault, this.#bed, report);
      else report('inconclusive', `not done: ${refusal}`);
    }
    for (let atMs = LOOK_EVERY_MS; atMs < this.#endMs; atMs += this.#lookEvery(atMs)) {
      this.#bed.at(atMs, () => this.#look());
    }
    this.#bed.at(this.#endMs, () => this.#lastLook());
  }

  /** The quiet period is long, and in most of it nothing happens. */
  #lookEvery(atMs: number): number {
    return atMs < quietFromMs(this.#schedule) + 10 * LOOK_EVERY_MS ? LOOK_EVERY_MS : 10 * LOOK_EVERY_MS;
  }

  #createGuest({ name, kernel, host, pages, patches }: ChaosGuest): void {
    const spec = {
      name,
      kernel,
      build: 'smp',
      vcpus: 1,
      pages,
      hz: HZ,
      patches: [...patches],
      reader: 'each-tick',
      writerPages: WRITER_PAGES,
    } as const;
    this.#request(host, { command: 'step', at: null, event: { type: 'create-domain', spec } }, () => {});
    this.#request(host, { command: 'step', at: this.#origin, event: { type: 'unpause', domain: name } }, () => {});
  }

  /** Gives a node everything that its clocks will suffer from `fromMs` on. */
  #handOver(host: string, fromMs: number): void {
    for (const { atMs, event } of clockPlan(this.#schedule, host)) {
      if (atMs < fromMs) continue;
      const at = trueNs(this.#origin + nsOfMs(atMs));
      this.#request(host, { command: 'step', at, event: event as CommandOf<'step'>['event'] }, () => {});
    }
  }

  #move(move: ChaosMove, migration: string): void {
    const { guest, to, downtimeMs, restore, atMs } = move;
    const from = this.#hostOf(guest);
    if (from === null || from === to) return;
    const timed = move.stop === 'at-its-instant';
    const suspendAt = timed ? trueNs(this.#origin + nsOfMs(atMs)) : null;
    const runAt = suspendAt === null ? null : trueNs(suspendAt + nsOfMs(downtimeMs));
    const order = { migration, domain: guest, from, to, restore, sourceWallAheadNs: 0n, suspendAt, runAt } as const;
    this.#request(COORDINATOR, { command: 'migrate', ...order, transfer: this.#transferOf(move) }, (outcome) => {
      if (outcome.ok) this.#sleep(guest, to, outcome.result.runAt);
    });
    this.#bed.after(this.#leadMs(move) + downtimeMs + TICK_MS, () => this.#look());
  }

  /** What a person would try first: sleep 1. */
  #sleep(domain: string, host: string, runAt: TrueNs): void {
    const after = trueNs(runAt + nsOfMs(1.5 * TICK_MS));
    const now = this.#ports.clock.now();
    const at = after > now ? after : null;
    this.#sleeps += 1;
    const call = { call: 'nanosleep', timer: `sleep-${this.#sleeps}`, lengthNs: SLEEP_NS } as const;
    this.#request(host, { command: 'step', at, event: { type: 'call-guest', domain, call } }, () => {});
  }

  /** Guests of this host: a clock there has just been disturbed. */
  #sleepOn(host: string): void {
    for (const { name } of this.#schedule.guests) {
      if (this.#hostOf(name) === host) this.#sleep(name, host, this.#ports.clock.now());
    }
  }

  #look(): void {
    for (const { name } of this.#schedule.guests) {
      const host = this.#hostOf(name);
      if (host === null) continue;
      this.#request(host, { command: 'step', at: null, event: { type: 'observe', domain: name } }, () => {});
    }
  }

  #lastLook(): void {
    const { hosts } = this.#schedule;
    let left = hosts.length;
    this.#look();
    const until = this.#ports.clock.now() + nsOfMs(this.#bed.pace.patienceMs);
    const audit = (name: string): void =>
      this.#request(name, { command: 'step', at: null, event: { type: 'audit' } }, (outcome) => {
        if (!outcome.ok && this.#ports.clock.now() < until) return this.#bed.after(RETRY_MS, () => audit(name));
        if (!outcome.ok) this.#unreachable(name, outcome.error.message);
        left -= 1;
        if (left === 0) this.#ended = true;
      });
    for (const { name } of hosts) audit(name);
  }

  #unreachable(host: string, message: string): void {
    const what = `host ${host} cannot be looked at ${quietMsOf(this.#schedule) / 1000} s after the last fault: ${message}`;
    this.violations.push({ checker: 'liveness', atNs: this.#ports.clock.now(), what });
  }

  /** Where the hosts say that a guest runs now. */
  #hostOf(guest: string): string | null {
    const { history } = this.#bed;
    for (; this.#seen < history.length; this.#seen += 1) this.#whereabouts.take(history[this.#seen]!);
    return this.#whereabouts.runningOn(guest)[0] ?? null;
  }

  /** Asks until it is done: a node that comes up is not there at once. */
  #insist<N extends CommandName>(
    to: string,
    command: CommandOf<N> & { readonly command: N },
    then: (result: ResultOf<N>) => void,
  ): void {
    this.#request<N>(to, command, (outcome) => {
      if (outcome.ok) then(outcome.result);
      else if (!this.#ended) this.#bed.after(RETRY_MS, () => this.#insist<N>(to, command, then));
    });
  }

  #request<N extends CommandName>(
    to: string,
    command: CommandOf<N> & { readonly command: N },
    then: (outcome: Outcome<ResultOf<N>>) => void,
  ): void {
    const client = this.#client ?? this.#noClient();
    client.request<N>(to, command, then);
  }

  /** One that is not connected says so to whoever asks it. */
  #noClient(): RunnerClient {
    return new RunnerClient(this.#ports, { name: 'runner-0', coordinatorUrl: this.#bed.coordinatorUrl });
  }

  /** Enough for the orders, and for a pre-copy if there is one. */
  #leadMs({ precopy }: ChaosMove): number {
    if (precopy !== 'stop-and-copy') return PRECOPY_LEAD_MS;
    return this.#schedule.moveLeadMs ?? this.#bed.pace.moveLeadMs;
  }

  #transferOf({ precopy, verify, bytesPerSecond, via }: ChaosMove): Transfer {
    const timeLimitNs = nsOfMs(moveLimitMsOf(this.#schedule));
    return { precopy: precopyOf(precopy), verify, bandwidth: bytesPerSecond, timeLimitNs, via };
  }
}

function precopyOf(name: ChaosMove['precopy']): Transfer['precopy'] {
  switch (name) {
    case 'stop-and-copy':
    case 'xen':
      return { policy: name };
    case 'qemu':
      return { policy: name, downtimeLimitNs: nsOfMs(300), autoConverge: 'off' };
    case 'fixed-rounds':
      return { policy: name, rounds: 3 };
    default:
      return name satisfies never;
  }
}
