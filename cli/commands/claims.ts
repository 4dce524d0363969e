/** skewbed claims: placeholder. */
import type { TestbedOptions } from '../options.ts';

export async function claims(_claim: string | undefined, _options: TestbedOptions): Promise<number> {
  return 254;
}
