/**
 * The scenarios that come with Skewbed, found as people type them: by name (t3-uptime-only), by number (t3, T3), or by the
 * rest (uptime-only). Anything that looks like a file is read as one.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { hintAmong } from './scenarios/closest-name.ts';
import type { Scenario } from './scenarios/scenario.ts';
import { readScenario } from './scenarios/scenario-file.ts';

const CASES = join(import.meta.dirname, 'cases');

/** The names of all cases, in their order. */
export const caseNames = (): readonly string[] =>
  readdirSync(CASES)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => basename(file, '.yaml'))
    .sort();

/** A case by what was typed for it, or undefined. */
export function caseNamed(typed: string): string | undefined {
  const word = typed.toLowerCase();
  const names = caseNames();
  return (
    names.find((name) => name === word) ??
    names.find((name) => name.split('-')[0] === word) ??
    names.find((name) => name.slice(name.indexOf('-') + 1) === word)
  );
}

/** The text of a case, for somebody who wants to change it. */
export const caseText = (name: string): string => readFileSync(join(CASES, `${name}.yaml`), 'utf8');

/** Reads a scenario by a case's name or a file's. */
export function loadScenario(typed: string): Scenario {
  const name = caseNamed(typed);
  if (name !== undefined) return readScenario(caseText(name), `${name}.yaml`);
  let text: string;
  try {
    text = readFileSync(typed, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (/[./\\]/.test(typed))
      throw new SkewbedError('not-found', `the scenario file ${typed} cannot be read (${code}); check the path`, typed);
    throw new SkewbedError(
      'not-found',
      `there is no case '${typed}', and no such file${hintAmong(typed, caseNames())}`,
      typed,
    );
  }
  return readScenario(text, typed);
}
