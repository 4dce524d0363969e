/**
 * A disk with one journal, for one process name. It outlives the process. A line is durable when its simulated fsync is
 * done; a crash loses the others, as a power cut may. (A real one may also keep some of them: `keepUnsynced` does that.)
 */
import { checkJournalLine } from '../journal-rules.ts';
import type { Journal } from '../ports/journal.ts';
import type { SimProcess } from './process.ts';

export class SimDisk {
  /** How long an fsync takes from now on. */
  fsyncNs: bigint;
  readonly #durable: string[] = [];
  #unsynced: string[] = [];

  constructor(fsyncNs: bigint) {
    this.fsyncNs = fsyncNs;
  }

  /** Every durable line, in order. */
  get lines(): readonly string[] {
    return this.#durable;
  }

  /** The journal as a process sees it that starts now. */
  open(process: SimProcess): Journal {
    const lines: readonly string[] = [...this.#durable];
    let syncedAt = 0n;
    return {
      lines,
      append: (line, durable) => {
        checkJournalLine(line);
        // The rest of a callback in which its own process crashed: nobody is there to write it.
        if (!process.alive) return;
        this.#unsynced.push(line);
        const at = process.clock.now() + this.fsyncNs;
        syncedAt = at > syncedAt ? at : syncedAt;
        process.schedule(syncedAt, () => {
          this.#durable.push(this.#unsynced.shift() as string);
          durable();
        });
      },
    };
  }

  /** What a crash does. `kept`: how many of the lines that were written but not synced survive all the same. */
  crash(kept: number): void {
    this.#durable.push(...this.#unsynced.slice(0, kept));
    this.#unsynced = [];
  }
}
