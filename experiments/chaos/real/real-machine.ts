/**
 * A process of the machine as faults are done to it: killed with SIGKILL and started again, stopped with SIGSTOP and
 * let go on. What is said of a fault is what the operating system says: the signal that it died of, the state it stood in.
 */
import { readFileSync } from 'node:fs';
import { codedError, type SkewbedError } from '@skewbed/proto/errors.ts';
import type { ServiceProcess } from '../../testbeds/service-process.ts';
import type { ChaosProcess, Ending, Seen } from '../faults/fault.ts';
import type { HostLinks } from '../host-links.ts';
import type { Trigger } from '../trigger.ts';

export type MachineParts = {
  readonly start: () => ServiceProcess;
  readonly links: HostLinks;
  /** Where it listens from now on; null: nowhere. */
  readonly listens: (url: string | null) => void;
  readonly crashed: () => void;
  readonly restarted: () => void;
  /** It ended without having been told to, or did not come up. */
  readonly failed: (error: SkewbedError) => void;
  readonly after: (forMs: number, fire: () => void) => void;
};

/** A slow host runs for so long between two stops. */
const SLICE_MS = 25;
const STOPPED = 'T';

export class RealMachine implements ChaosProcess {
  readonly #parts: MachineParts;
  #service: ServiceProcess;
  #alive = true;
  #stops = 0;

  constructor(parts: MachineParts) {
    this.#parts = parts;
    this.#service = this.#started();
  }

  /** When it listens for the first time. */
  get ready(): Promise<string> {
    return this.#service.ready;
  }

  get alive(): boolean {
    return this.#alive;
  }

  crash(told: (seen: Seen) => void): void {
    this.#alive = false;
    this.#stops = 0;
    this.#parts.listens(null);
    this.#parts.crashed();
    void this.#service.kill().then((signal) => {
      if (signal === 'SIGKILL') told({ outcome: 'confirmed', detail: '' });
      else told({ outcome: 'mismatch', detail: `it ended by ${signal ?? 'itself'}` });
    });
  }

  when(trigger: Trigger, strike: () => void): () => void {
    return this.#parts.links.when(trigger, strike);
  }

  restart(): void {
    if (this.#alive) return;
    this.#alive = true;
    this.#service = this.#started();
    this.#parts.restarted();
  }

  pause(): Ending {
    const service = this.#service;
    this.#stop(service);
    return () => {
      if (service !== this.#service || !this.#alive) return { outcome: 'inconclusive', detail: 'it died meanwhile' };
      const state = stateOf(service.pid);
      this.#goOn(service);
      if (state === null)
        return { outcome: 'inconclusive', detail: 'this system does not show the state of a process' };
      if (state === STOPPED) return { outcome: 'confirmed', detail: '' };
      return { outcome: 'mismatch', detail: `its state at the end was ${state}, not ${STOPPED}` };
    };
  }

  /** Stops it again and again: a timer that is due meanwhile fires late, by as much at most. */
  slow(byMs: number): Ending {
    const service = this.#service;
    const here = (): boolean => service === this.#service && this.#alive;
    let over = false;
    let stopped = false;
    let stops = 0;
    let stood = 0;
    const stop = (): void => {
      if (over || !here()) return;
      this.#stop(service);
      stopped = true;
      stops += 1;
      this.#parts.after(byMs, goOn);
    };
    const goOn = (): void => {
      if (!stopped || !here()) return;
      stopped = false;
      if (stateOf(service.pid) === STOPPED) stood += 1;
      this.#goOn(service);
      this.#parts.after(SLICE_MS, stop);
    };
    stop();
    return () => {
      over = true;
      goOn();
      if (!here()) return { outcome: 'inconclusive', detail: 'it died meanwhile' };
      const outcome = stood === stops ? 'confirmed' : stood === 0 ? 'inconclusive' : 'mismatch';
      return { outcome, detail: `it was stopped ${stops} times, and seen standing ${stood} times` };
    };
  }

  /** At the end of the run. */
  async end(): Promise<void> {
    this.#alive = false;
    await this.#service.kill();
  }

  #started(): ServiceProcess {
    const service = this.#parts.start();
    service.ready.then(
      (url) => {
        if (service === this.#service && this.#alive) this.#parts.listens(url);
      },
      () => {},
    );
    const failed = (thrown: unknown): void => {
      if (service === this.#service && this.#alive) this.#parts.failed(codedError(thrown));
    };
    service.crashed.catch(failed);
    return service;
  }

  #stop({ pid }: ServiceProcess): void {
    this.#stops += 1;
    signal(pid, 'SIGSTOP');
  }

  #goOn({ pid }: ServiceProcess): void {
    this.#stops = Math.max(0, this.#stops - 1);
    if (this.#stops === 0) signal(pid, 'SIGCONT');
  }
}

/** Nothing for one that has ended by itself: somebody else tells that. */
function signal(pid: number, name: 'SIGSTOP' | 'SIGCONT'): void {
  try {
    if (pid > 0) process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** As /proc/PID/stat has it: R, S, T, ...; null where there is no such file. */
function stateOf(pid: number): string | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2, text.lastIndexOf(')') + 3);
  } catch {
    return null;
  }
}
