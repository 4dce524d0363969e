import { existsSync } from 'node:fs';
import { defineConfig } from 'vitest/config';
import { BaseSequencer } from 'vitest/node';

// Container suites one file after the other: they share two processors with all the nodes that they start. The cheap ones
// come first, and isolation.test.ts last, since it asserts something about the time of all the others.
const ORDER = ['image', 'recipes', 'os-clock', 'page', 'faults', 'chaos', 'compose', 'swarm', 'leftovers', 'isolation'];

class InOrder extends BaseSequencer {
  override async sort(files: Parameters<BaseSequencer['sort']>[0]) {
    const place = ({ moduleId }: { moduleId: string }) =>
      ORDER.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
    return files.toSorted((one, other) => place(one) - place(other));
  }
}

export default defineConfig({
  test: {
    name: 'containers',
    root: import.meta.dirname,
    include: ['containers/**/*.test.ts'],
    globalSetup: ['./containers/setup.ts'],
    fileParallelism: false,
    maxConcurrency: 24,
    // Real time on a shared machine: a fault that could not be confirmed, or came a phase late, is tried once more.
    retry: 1,
    testTimeout: 120_000,
    hookTimeout: 180_000,
    sequence: { sequencer: InOrder },
    env: {
      // Its image may be out of reach; setup.ts sweeps instead.
      TESTCONTAINERS_RYUK_DISABLED: 'true',
      // Published ports of this machine's engine, also where this machine is itself a container.
      ...(existsSync('/.dockerenv') ? { TESTCONTAINERS_HOST_OVERRIDE: '127.0.0.1' } : {}),
    },
  },
});
