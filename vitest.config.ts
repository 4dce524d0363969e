import { defineConfig } from 'vitest/config';

// Two projects: the table of imports, which `npm run check` runs too, and everything else but the containers.
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
          exclude: ['**/node_modules/**'],
          testTimeout: 60_000,
        },
      },
    ],
  },
});
