import { defineConfig } from 'vitest/config';

// The tests that start processes live in real time, on a machine that others use as well: what could not be confirmed
// there is tried once more. Everything else is decided on virtual time, and gets one try.
const IN_REAL_TIME = [
  'cli/skewbed.test.ts',
  'e2e/hand-over/killed.test.ts',
  'experiments/testbeds/processes.test.ts',
  'services/hypervisor-node/stage/processes.test.ts',
];

// Three projects: the table of imports, which `npm run check` runs too, what lives in real time, and everything else but
// the containers.
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'imports', include: ['imports/*.test.ts'] } },
      {
        test: {
          name: 'rooms',
          include: [
            '{proto,model,runtime,dashboard,services,experiments,cli,docs,e2e/bench,e2e/hand-over,e2e/interop}/**/*.test.ts',
          ],
          exclude: ['**/node_modules/**', ...IN_REAL_TIME],
          testTimeout: 60_000,
        },
      },
      { test: { name: 'processes', include: IN_REAL_TIME, testTimeout: 60_000, retry: 1 } },
    ],
  },
});
