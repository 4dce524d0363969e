/** The import table of the house holds in every file; and the scanner sees what it should (canaries). */
import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { RULES } from './rules.ts';
import { importsOf, violations } from './scan.ts';

const files = globSync('{proto,model,runtime,dashboard,services,experiments,cli,e2e}/**/*.ts', {
  exclude: ['**/node_modules/**'],
}).map((file) => file.replaceAll('\\', '/'));

describe('the import table', () => {
  it('holds in every file of every room', () => {
    expect(files.length).toBeGreaterThan(100);
    expect(files.flatMap((file) => violations(file, readFileSync(file, 'utf8')))).toEqual([]);
  });

  it('has a rule for each room', () => {
    expect(files.filter((file) => !RULES.some((rule) => file.startsWith(`${rule.room}/`)))).toEqual([]);
  });
});

describe('the scanner', () => {
  it.each([
    ['a plain import', "import { a } from 'ws';"],
    ['a type import', "import type { A } from 'ws';"],
    ['a re-export', "export { a } from 'ws';"],
    ['an import over lines', "import {\n  a,\n  b,\n} from 'ws';"],
    ['a bare import', "import 'ws';"],
    ['a dynamic import', "const ws = await import('ws');"],
  ])('sees %s', (_, source) => {
    expect(importsOf(source)).toEqual(['ws']);
  });

  it('sees no import in a comment', () => {
    expect(importsOf("// import 'ws';\n/* import { a } from 'ws'; */")).toEqual([]);
  });

  it.each([
    ['model/xen/host.ts', "import { log } from 'pino';", 'model imports a package'],
    [
      'model/xen/host.ts',
      "import type { Clock } from '@skewbed/runtime/ports/clock.ts';",
      'model imports the runtime, if only its types',
    ],
    ['proto/codec.ts', "import { Host } from '../model/xen/host.ts';", 'proto imports the model by a path'],
    ['services/coordinator/core/relay.ts', "import fastify from 'fastify';", 'a core imports fastify'],
    [
      'services/coordinator/core/relay.ts',
      "import { clock } from '@skewbed/runtime/live/clock.ts';",
      'a core imports the live runtime',
    ],
    ['experiments/runner.ts', "import '@skewbed/coordinator/main.ts';", "somebody imports a service's process"],
    ['dashboard/view.ts', "import { Host } from '@skewbed/model/xen/host.ts';", 'the dashboard imports the model'],
    ['runtime/sim/clock.ts', "import { hrtime } from 'node:process';", 'the simulator imports node'],
  ])('refuses %s when %s', (file, source) => {
    expect(violations(file, source)).toHaveLength(1);
  });
});
