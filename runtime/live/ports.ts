/**
 * Every port of a real process, wired: which clock it has, and who tells the timers when that clock has learned
 * something. For the main.ts of a service and for a runner; the journal is the coordinator's alone and is opened there.
 */
import { randomInt } from 'node:crypto';
import { checksums } from '../checksum.ts';
import { nodePageOps } from '../page-ops.ts';
import type { Clock } from '../ports/clock.ts';
import type { ClockSync } from '../ports/clock-sync.ts';
import type { Log, LogFields } from '../ports/log.ts';
import { SeededRandom } from '../random.ts';
import { Access } from './access.ts';
import { coordinatorClock, EstimatedClock } from './clock.ts';
import { type LogLevel, liveLog } from './log.ts';
import { LiveNetwork } from './network.ts';
import { LiveTimers } from './timers.ts';

export type LivePortsOptions = {
  /** Of the service in its log lines, such as node-a. */
  readonly name: string;
  /** The coordinator's clock is true time; everybody else learns it. */
  readonly clock: 'coordinator' | 'learned';
  readonly token: string;
  /** Names beside loopback by which this service may be called. */
  readonly hosts: readonly string[];
  readonly logLevel: LogLevel;
  /** The host's own times for each log line, where there is a host. */
  readonly hostTimes?: () => LogFields;
};

export type LivePorts = {
  readonly clock: Clock;
  /** Null for the coordinator: there is nobody to learn from. */
  readonly sync: ClockSync | null;
  readonly timers: LiveTimers;
  readonly network: LiveNetwork;
  readonly access: Access;
  readonly log: Log;
  readonly random: SeededRandom;
  readonly checksums: typeof checksums;
  readonly pageOps: typeof nodePageOps;
};

/** Makes them. End with network.shutDown() and timers.cancelAll(), and the process can end. */
export function livePorts(options: LivePortsOptions): LivePorts {
  const learned = options.clock === 'learned' ? new EstimatedClock() : null;
  const clock = learned ?? coordinatorClock;
  const timers = new LiveTimers(clock);
  learned?.onAdjusted((steppedNs) => timers.clockAdjusted(steppedNs));
  const access = new Access({ token: options.token, hosts: options.hosts });
  return {
    clock,
    sync: learned,
    timers,
    network: new LiveNetwork({ token: options.token, access }),
    access,
    log: liveLog({
      name: options.name,
      level: options.logLevel,
      times: () => ({ trueNs: clock.now(), ...options.hostTimes?.() }),
      secrets: [options.token],
    }),
    random: new SeededRandom(randomInt(2 ** 47), options.name),
    checksums,
    pageOps: nodePageOps,
  };
}
