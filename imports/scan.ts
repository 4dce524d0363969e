/**
 * Finds the imports of a TypeScript file, `import type` and dynamic ones too, and holds them against the rules.
 * A scanner and not a compiler pass: TypeScript 7 has no JavaScript API, and the house style has one form of import.
 */
import { NOBODY_IMPORTS, RULES, type Rule, TESTS_MAY } from './rules.ts';

const IMPORT =
  /(?:^|[\s;])(?:import|export)\s[^;'"]*?from\s*['"]([^'"]+)['"]|import\s*\(\s*['"]([^'"]+)['"]\s*\)|^import\s*['"]([^'"]+)['"]/gm;

/** Workspace folders whose package name is not their path. */
const ALIASES: Readonly<Record<string, string>> = {
  'hypervisor-node': 'services/hypervisor-node',
  coordinator: 'services/coordinator',
};

/** Every module name that a source text imports. */
export function importsOf(source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  return [...code.matchAll(IMPORT)].map((match) => (match[1] ?? match[2] ?? match[3]) as string);
}

/** What is wrong with a file's imports: one line each. `file` is relative to the repository. */
export function violations(file: string, source: string): string[] {
  const rule = ruleOf(file);
  if (rule === undefined) return [];
  const isTest = /\.(test|bench)\.ts$/.test(file);
  const problems: string[] = [];
  for (const name of importsOf(source)) {
    const target = nameOf(file, name);
    const own = target.startsWith(`${roomName(file)}/`);
    const faceOf = NOBODY_IMPORTS.find((face) => matches(target, face));
    if (faceOf !== undefined && !sameFace(file, faceOf))
      problems.push(`${file} imports ${target}: nobody imports ${faceOf}`);
    else if (isTest && TESTS_MAY.some((allowed) => matches(target, allowed))) continue;
    else if (own && !isInnerRoom(rule)) continue;
    else if (!rule.only.some((allowed) => matches(target, allowed)))
      problems.push(`${file} imports ${target}: ${rule.because}`);
  }
  return problems;
}

/** A face may import itself: main.ts wires http/, and http/ files import each other. */
const sameFace = (file: string, face: string): boolean => {
  const service = ALIASES[face.split('/')[0] as string] as string;
  return file.startsWith(`${service}/http/`) || file === `${service}/main.ts` || file.startsWith(`${service}/main.`);
};

const isInnerRoom = (rule: Rule): boolean => rule.room.includes('/') && rule.room !== 'services';

function ruleOf(file: string): Rule | undefined {
  return RULES.filter((rule) => file.startsWith(`${rule.room}/`)).sort((a, b) => b.room.length - a.room.length)[0];
}

/** The room by which others import a file: 'proto', 'hypervisor-node', ... */
function roomName(file: string): string {
  const parts = file.split('/');
  return (parts[0] === 'services' ? parts[1] : parts[0]) as string;
}

/** What an import names, as 'room/path.ts' for the workspace and as it stands for packages. */
function nameOf(file: string, name: string): string {
  if (name.startsWith('@skewbed/')) return name.slice('@skewbed/'.length);
  if (!name.startsWith('.')) return name;
  const path: string[] = file.split('/').slice(0, -1);
  for (const step of name.split('/')) {
    if (step === '..') path.pop();
    else if (step !== '.') path.push(step);
  }
  return path[0] === 'services' ? path.slice(1).join('/') : path.join('/');
}

const matches = (target: string, allowed: string): boolean =>
  allowed.endsWith('/') || allowed.endsWith(':') ? target.startsWith(allowed) : target === allowed;
