/**
 * Which room may import which: the table of the house, kept true by imports.test.ts. Data goes one way, imports too.
 * A room is a folder; the more specific rule wins. `only` lists what may be imported besides the room itself;
 * what ends in '/' is a prefix.
 */

export type Rule = {
  /** Folder that the rule is about. */
  readonly room: string;
  /** Workspace paths (without '@skewbed/') and npm or node: names that its files may import. */
  readonly only: readonly string[];
  /** Why, for the message. */
  readonly because: string;
};

const PURE_PROTO = ['proto/units.ts', 'proto/records.ts', 'proto/limits.ts', 'proto/errors.ts', 'proto/history.ts'];
const SERVICES = ['hypervisor-node/', 'coordinator/'];

export const RULES: readonly Rule[] = [
  {
    room: 'proto',
    only: ['typebox', 'typebox/', 'msgpackr', 'node:module'],
    because: 'proto is what travels: schemas and codecs, no clocks and no I/O',
  },
  {
    room: 'model',
    only: PURE_PROTO,
    because: 'the model is told the time, and imports nothing but the units, records, limits, errors and history types',
  },
  {
    room: 'runtime',
    only: ['proto/', 'model/', 'ws', 'pino', '@node-rs/xxhash', 'node:'],
    because: 'runtime is how time and bytes reach the model',
  },
  { room: 'runtime/ports', only: ['proto/', 'runtime/ports/'], because: 'ports are types' },
  {
    room: 'runtime/sim',
    only: ['proto/', 'model/time/', 'model/memory/page-ops.ts', 'runtime/'],
    because: 'a simulator has no real time and no real randomness',
  },
  {
    room: 'runtime/conformance',
    only: ['proto/', 'runtime/', 'vitest', 'node:'],
    because: 'the conformance suites are tests that both runtimes call',
  },
  { room: 'dashboard', only: ['proto/'], because: 'the dashboard is a function of the history' },
  {
    room: 'services/hypervisor-node/core',
    only: ['proto/', 'model/', 'runtime/ports/', 'hypervisor-node/core/', 'coordinator/core/'],
    because: 'cores are synchronous and know no socket',
  },
  {
    room: 'services/coordinator/core',
    only: ['proto/', 'model/', 'runtime/ports/', 'coordinator/core/'],
    because: 'cores are synchronous and know no socket',
  },
  {
    room: 'services',
    only: [
      'proto/',
      'model/',
      'runtime/',
      'dashboard/',
      ...SERVICES,
      'fastify',
      '@fastify/',
      'prom-client',
      'typebox',
      'typebox/',
      'node:',
    ],
    because: 'services are the processes',
  },
  {
    room: 'experiments',
    only: [
      'proto/',
      'model/',
      'runtime/',
      'dashboard/',
      ...SERVICES,
      'yaml',
      'typebox',
      'typebox/',
      'fast-check',
      'tinypool',
      'node:',
    ],
    because: 'experiments ask the questions; they start no container engine',
  },
  {
    room: 'cli',
    only: [
      'proto/',
      'model/',
      'runtime/',
      'dashboard/',
      ...SERVICES,
      'experiments/',
      'commander',
      'cli-table3',
      'cli-progress',
      'node:',
    ],
    because: 'the face',
  },
  {
    room: 'e2e',
    only: [
      'proto/',
      'model/',
      'runtime/',
      'dashboard/',
      ...SERVICES,
      'experiments/',
      'cli/',
      'testcontainers',
      'ws',
      'playwright-core',
      'vitest',
      'vitest/',
      'fast-check',
      'ws',
      'yaml',
      'typebox',
      'node:',
    ],
    because: 'the proof',
  },
];

/** Never, for anybody: nothing may import a service's process or its HTTP face. */
export const NOBODY_IMPORTS: readonly string[] = [
  'hypervisor-node/http/',
  'hypervisor-node/main.ts',
  'coordinator/http/',
  'coordinator/main.ts',
];

/** Tests may also use these, wherever they lie. */
export const TESTS_MAY: readonly string[] = ['vitest', 'fast-check', 'typebox/', 'node:'];
