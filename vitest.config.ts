import { defineConfig } from 'vitest/config';

// The tests that start processes live in real time, on a machine that others use as well: what could not be confirmed
// there is tried once more. Everything else is decided on virtual time, and gets one try.
const IN_REAL_TIME = [
  'cli/skewbed.test.ts',
  'experiments/chaos/real/processes.test.ts',
  'experiments/testbeds/processes.test.ts',
  'services/hypervisor-node/stage/processes.test.ts',
];

// The hand-over proved exhaustively, in the simulator and by spin: a minute of its own (`npm run proofs`).
const PROOFS = ['e2e/hand-over/**/*.test.ts'];

// The table of imports, which `npm run check` runs too; what lives in real time; the proofs; and everything else but the
// containers.
export default defineConfig({
  test: {
    // One for each processor, also where there are only two.
    maxWorkers: '100%',
    projects: [
      { test: { name: 'imports', include: ['imports/*.test.ts'] } },
      {
        test: {
          name: 'rooms',
          include: [
            '{proto,model,runtime,dashboard,services,experiments,cli,docs,e2e/bench,e2e/interop,e2e/kubernetes}/**/*.test.ts',
          ],
          exclude: ['**/node_modules/**', ...IN_REAL_TIME],
          testTimeout: 60_000,
        },
      },
      { test: { name: 'proofs', include: PROOFS, testTimeout: 120_000, retry: 1 } },
      { test: { name: 'processes', include: IN_REAL_TIME, testTimeout: 60_000, retry: 1 } },
    ],
  },
});
