/** What a reader of figures has to know of the machine, beside its processors. */
import { loadavg, release } from 'node:os';

/** Kernel and how busy the machine was before the first round. */
export function kernelText(): string {
  return `Linux ${release()}, load ${loadavg()
    .map((load) => load.toFixed(1))
    .join(' ')} before the first round`;
}
