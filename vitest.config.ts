import { defineConfig } from 'vitest/config';

// The tests that start processes live in real time, on a machine that others use as well: what could not be confirmed
// there is tried once more. Everything else is decided on virtual time, and gets one try.
const IN_REAL_TIME = [
  'cli/skewbed.test.ts',
  'experiments/chaos/real/processes.test.ts',
  'experiments/testbeds/processes.test.ts',
  'services/hypervisor-node/stage/processes.test.ts',
];

// The hand-over proved exhaustively, in the simulator and by spin; and campaigns of chaos, which take every processor. Some
// minutes of their own (`npm run proofs`). A campaign that is tried again would hide that two runs differ.
const PROOFS = ['e2e/hand-over/**/*.test.ts'];
const CAMPAIGNS = [
  'cli/chaos.test.ts',
  'e2e/kubernetes/**/*.test.ts',
  'experiments/chaos/campaign.test.ts',
  'experiments/chaos/ci-set.test.ts',
  'experiments/chaos/shrink.test.ts',
];

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
          include: ['{proto,model,runtime,dashboard,services,experiments,cli,docs,e2e/bench,e2e/interop}/**/*.test.ts'],
          exclude: ['**/node_modules/**', ...IN_REAL_TIME, ...CAMPAIGNS],
          testTimeout: 60_000,
        },
      },
      { test: { name: 'proofs', include: PROOFS, testTimeout: 120_000, retry: 1 } },
      { test: { name: 'campaigns', include: CAMPAIGNS, testTimeout: 300_000 } },
      { test: { name: 'processes', include: IN_REAL_TIME, testTimeout: 60_000, retry: 1 } },
    ],
  },
});
