/**
 * Before all container suites: sweeps what a killed suite left, builds both images, and notes how far apart the machine's
 * clocks are, for isolation.test.ts. Afterwards: sweeps again.
 */
import type { TestProject } from 'vitest/node';
import { docker, IMAGE, OS_CLOCK_IMAGE, sweep } from './engine.ts';
import { clockDistanceMs } from './machine-clocks.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** CLOCK_REALTIME minus CLOCK_MONOTONIC of this machine before the suites. */
    clockDistanceMs: number;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  project.provide('clockDistanceMs', clockDistanceMs());
  if (process.env.SKEWBED_E2E_MISSING) return async () => {};
  await sweep();
  const build = (target: string, tag: string) =>
    docker('build', '--quiet', '--file', 'docker/Dockerfile', '--target', target, '--tag', tag, '.');
  await build('skewbed', IMAGE);
  await build('os-clock', OS_CLOCK_IMAGE);
  return sweep;
}
