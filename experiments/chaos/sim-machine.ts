/** A process of the simulator that can die, at a message of its own if need be, and be started again on its old disk. */
import type { SimProcess } from '@skewbed/runtime/sim/process.ts';
import { nsOfMs } from './duration.ts';
import type { ChaosProcess, Ending, Seen } from './faults/fault.ts';
import type { HostLinks } from './host-links.ts';
import { SIMULATED } from './sim-link.ts';
import type { Trigger } from './trigger.ts';

export class SimMachine implements ChaosProcess {
  readonly #start: () => SimProcess;
  readonly #links: HostLinks;
  readonly #restarted: () => void;
  readonly #crashed: () => void;
  #process: SimProcess;
  #pauses = 0;

  constructor(
    start: () => SimProcess,
    parts: { readonly links: HostLinks; readonly restarted: () => void; readonly crashed?: () => void },
  ) {
    this.#start = start;
    this.#links = parts.links;
    this.#restarted = parts.restarted;
    this.#crashed = parts.crashed ?? (() => {});
    this.#process = start();
  }

  get process(): SimProcess {
    return this.#process;
  }

  get alive(): boolean {
    return this.#process.alive;
  }

  crash(told: (seen: Seen) => void): void {
    this.#process.crash();
    this.#pauses = 0;
    this.#crashed();
    told({ outcome: this.alive ? 'mismatch' : 'confirmed', detail: '' });
  }

  when(trigger: Trigger, strike: () => void): () => void {
    return this.#links.when(trigger, strike);
  }

  restart(): void {
    if (this.alive) return;
    this.#process = this.#start();
    this.#restarted();
  }

  pause(): Ending {
    this.#pauses += 1;
    this.#process.pause();
    return () => {
      this.#pauses = Math.max(0, this.#pauses - 1);
      if (this.#pauses === 0) this.#process.resume();
      return SIMULATED;
    };
  }

  slow(byMs: number): Ending {
    this.#process.lateNs = nsOfMs(byMs);
    return () => {
      this.#process.lateNs = 0n;
      return SIMULATED;
    };
  }
}
