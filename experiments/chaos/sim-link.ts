/**
 * A link of the simulator with everything that is wrong with it at present: several faults may disturb it at once, and
 * each takes back its own part when it ends. It sees every message that passes, for the triggers of cuts and crashes.
 */
import type { Link, Passage } from '@skewbed/runtime/sim/link.ts';
import { nsOfMs } from './duration.ts';
import type { LinkChange } from './faults/fault.ts';
import { phaseOf } from './trigger.ts';

const BASE_LATENCY_NS = 250_000n;
/** A frame's checksum covers its body; a byte in the middle of it is one. */
const middleOf = (length: number): number => Math.floor(length / 2);

/** Watches what passes; returning false takes the message away. */
export type Watcher = (passage: Passage) => boolean;

export class SimLink {
  /** What a deliberate bug makes of every message. */
  transform: ((passage: Passage) => Uint8Array) | null = null;
  readonly #link: Link;
  readonly #watchers = new Set<Watcher>();
  readonly #changes = new Set<LinkChange>();
  #silences = 0;
  #cuts = 0;
  #passed = 0;
  readonly #corruptions = new Set<{ readonly isIt: () => boolean; readonly done: (what: string) => void }>();

  constructor(link: Link) {
    this.#link = link;
    link.tap = (passage) => this.#pass(passage);
  }

  get passed(): number {
    return this.#passed;
  }

  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  disturb(change: LinkChange): () => void {
    this.#changes.add(change);
    this.#shape();
    return () => {
      this.#changes.delete(change);
      this.#shape();
    };
  }

  silence(): () => void {
    this.#silences += 1;
    this.#mode();
    return () => {
      this.#silences -= 1;
      this.#mode();
    };
  }

  cut(): () => void {
    this.#cuts += 1;
    this.#mode();
    return () => {
      this.#cuts -= 1;
      this.#mode();
    };
  }

  /** Changes the first batch of a stream of which `isIt` says so. */
  corruptWhen(isIt: () => boolean, done: (what: string) => void): () => void {
    const corruption = { isIt, done };
    this.#corruptions.add(corruption);
    return () => this.#corruptions.delete(corruption);
  }

  #pass(passage: Passage): Uint8Array | null {
    for (const watcher of [...this.#watchers]) if (!watcher(passage)) return null;
    this.#passed += 1;
    const message = this.transform?.(passage) ?? passage.message;
    return this.#corrupted({ ...passage, message });
  }

  #corrupted({ path, from, message }: Passage): Uint8Array {
    if (this.#corruptions.size === 0 || phaseOf({ path, message }) !== 'batch') return message;
    const corruption = [...this.#corruptions].find(({ isIt }) => isIt());
    if (corruption === undefined) return message;
    const changed = new Uint8Array(message);
    const place = middleOf(message.length);
    changed[place] = (changed[place] as number) ^ 0x10;
    corruption.done(`byte ${place} of ${message.length} of a batch from ${from} was changed`);
    return changed;
  }

  #shape(): void {
    const changes = [...this.#changes];
    const { shape } = this.#link;
    shape.latencyNs = changes.reduce((sum, { delayMs }) => sum + nsOfMs(delayMs ?? 0), BASE_LATENCY_NS);
    shape.jitterNs = changes.reduce((sum, { jitterMs }) => sum + nsOfMs(jitterMs ?? 0), 0n);
    const narrow = changes.flatMap(({ bytesPerSecond }) => bytesPerSecond ?? []);
    shape.bytesPerSecond = narrow.length === 0 ? null : BigInt(Math.min(...narrow));
  }

  #mode(): void {
    if (this.#cuts > 0) this.#link.cut();
    else if (this.#silences > 0) {
      // Out of a cut there is nothing on the way that a silence could hold.
      if (this.#link.mode === 'cut') this.#link.heal();
      this.#link.silence();
    } else this.#link.heal();
  }
}
