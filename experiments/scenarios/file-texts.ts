/**
 * What the texts in a scenario file mean: durations with their signs, walls that are relative to another host's, moves
 * that name hosts, expectations. Each reader is told where its text stands, and fails there.
 */
import { formatDuration, isNegativeText, readDuration } from '@skewbed/model/time/nanos.ts';
import { isMonotone, readSkew } from '@skewbed/model/time/skew.ts';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import type { DurationNs } from '@skewbed/proto/units.ts';
import { hintAmong } from './closest-name.ts';
import type { ScenarioFile } from './file-schema.ts';
import {
  ALSO,
  type Armed,
  type Expectation,
  type ScenarioHost,
  type ScenarioMove,
  type ScenarioSettime,
  VERDICTS,
} from './scenario.ts';
import type { YamlPath, YamlSource } from './yaml-source.ts';

const HOST_NAME = /^[a-z0-9][a-z0-9-]{0,31}$/;
const UTC = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?Z$/;

/** A duration, or a failure at its place in the file. */
export function readLength(source: YamlSource, path: YamlPath, text: string): DurationNs {
  try {
    return readDuration(text);
  } catch (error) {
    if (error instanceof SkewbedError) return source.fail(path, `'${path.at(-1)}': ${error.message}`);
    throw error;
  }
}

/** A duration of zero or more. */
export function readUnsigned(source: YamlSource, path: YamlPath, text: string): DurationNs {
  const ns = readLength(source, path, text);
  return ns < 0n || isNegativeText(text)
    ? source.fail(path, `'${path.at(-1)}' is ${text}; write a duration without a sign, such as 30s`)
    : ns;
}

/** A duration of more than zero. */
export function readPositive(source: YamlSource, path: YamlPath, text: string): DurationNs {
  const ns = readUnsigned(source, path, text);
  return ns === 0n ? source.fail(path, `'${path.at(-1)}' is ${text}; write a duration longer than zero`) : ns;
}

/** When a program starts to wait. A leading '-', also in '-0s', means before the guest stops. */
export function readArmed(source: YamlSource, path: YamlPath, text: string): Armed {
  const ns = readLength(source, path, text);
  return isNegativeText(text) ? { side: 'before-stop', ns: -ns } : { side: 'after-reference', ns };
}

/** 'exact', or a signed step relative to what the host believes. */
export function readSettime(source: YamlSource, path: YamlPath, text: string): ScenarioSettime {
  if (text === 'exact') return { kind: 'exact' };
  if (!/^[+-]/.test(text))
    return source.fail(path, `'settime' is ${text}; write exact, or a step with its sign such as +5s or -600s`);
  return { kind: 'by', byNs: readLength(source, path, text) };
}

/** The move with its hosts, all of which exist. */
export function readMove(file: ScenarioFile, source: YamlSource): ScenarioMove {
  const names = Object.keys(file.hosts);
  if (names.length === 0) source.fail(['hosts'], "there is no host; add 'a: { wall: ..., uptime: ... }'");
  for (const name of names) {
    if (!HOST_NAME.test(name))
      source.fail(['hosts', name], `a host cannot be called '${name}'; use small letters, digits and '-', at most 32`);
  }
  const { kind, from, to, downtime } = file.move;
  if (kind === 'none') {
    for (const key of ['from', 'to', 'downtime'] as const) {
      if (file.move[key] !== undefined) source.fail(['move', key], `a move of kind none has no '${key}'; leave it out`);
    }
    return { kind: 'none' };
  }
  if (from === undefined || to === undefined || downtime === undefined) {
    const missing = Object.entries({ from, to, downtime }).filter(([, value]) => value === undefined);
    return source.fail(
      ['move'],
      `a move of kind ${kind} needs ${missing.map(([key]) => `'${key}'`).join(' and ')}; add ${missing.length === 1 ? 'it' : 'them'}`,
    );
  }
  for (const [key, name] of Object.entries({ from, to })) {
    if (!names.includes(name)) source.fail(['move', key], `there is no host '${name}'${hintAmong(name, names)}`);
  }
  if (from === to)
    source.fail(
      ['move', 'to'],
      `from and to are both '${from}'; write the same machine after a save as a second host with the uptime that it then has`,
    );
  return {
    kind: kind as 'migrate' | 'save-restore',
    from,
    to,
    downtimeNs: readPositive(source, ['move', 'downtime'], downtime),
  };
}

/** All hosts, with walls resolved against the wall of the host that the guest leaves. */
export function readHosts(file: ScenarioFile, move: ScenarioMove, source: YamlSource): readonly ScenarioHost[] {
  const first = move.kind === 'none' ? Object.keys(file.hosts)[0]! : move.from;
  const firstWall = splitReading(file.hosts[first]!.wall).reading;
  const baseNs = readUtc(firstWall);
  if (baseNs === undefined) {
    return source.fail(
      ['hosts', first, 'wall'],
      `the wall of '${first}' is ${firstWall}; the host that the guest starts on needs a UTC time such as 2008-11-27T08:21:44Z`,
    );
  }
  return Object.entries(file.hosts).map(([name, host]) => {
    const wallPath = ['hosts', name, 'wall'];
    const wall = splitReading(host.wall);
    const uptime = splitReading(host.uptime);
    const relative = /^[+-]/.test(wall.reading);
    const utcNs = relative ? baseNs + readLength(source, wallPath, wall.reading) : readUtc(wall.reading);
    if (utcNs === undefined)
      return source.fail(
        wallPath,
        `the wall is '${wall.reading}'; write a UTC time such as 2008-11-27T08:21:44Z, or a signed duration such as -598s`,
      );
    checkShape(source, wallPath, wall.shape, 'any');
    checkShape(source, ['hosts', name, 'uptime'], uptime.shape, 'monotone');
    return {
      name,
      wallNs: utcNs,
      uptimeNs: readUnsigned(source, ['hosts', name, 'uptime'], uptime.reading),
      wallShape: wall.shape,
      uptimeShape: uptime.shape,
      ntpNs:
        host.ntp === undefined || host.ntp === 'off' ? null : readPositive(source, ['hosts', name, 'ntp'], host.ntp),
      domctl51: host.domctl51 ?? false,
    };
  });
}

/** What the file expects, or null when it expects nothing. */
export function readExpectation(file: ScenarioFile, source: YamlSource): Expectation | null {
  if (file.expect === undefined) return null;
  const { verdict, mechanism, late } = file.expect;
  const words: readonly string[] = [...VERDICTS, ...ALSO];
  if (verdict !== undefined && !words.includes(verdict))
    source.fail(['expect', 'verdict'], `there is no verdict '${verdict}'${hintAmong(verdict, words)}`);
  return {
    verdict: (verdict as Expectation['verdict'] | undefined) ?? null,
    mechanism: mechanism ?? null,
    lateNs: late === undefined ? null : readUnsigned(source, ['expect', 'late'], late),
  };
}

/** '200000s x1.00005' is a reading and a shape. */
function splitReading(text: string): { reading: string; shape: string } {
  const [reading = '', ...shape] = text.trim().split(/\s+/);
  return { reading, shape: shape.join(' ') };
}

function checkShape(source: YamlSource, path: YamlPath, shape: string, form: 'any' | 'monotone'): void {
  if (shape === '') return;
  try {
    if (form === 'monotone' && !isMonotone(readSkew(`+0s ${shape}`)))
      source.fail(
        path,
        `an uptime never runs backwards, and '${shape}' does; use a rate, or put the shape on the wall`,
      );
  } catch (error) {
    if (error instanceof SkewbedError && error.code !== 'bad-scenario') source.fail(path, error.message);
    throw error;
  }
}

function readUtc(text: string): bigint | undefined {
  const match = UTC.exec(text);
  if (match === null) return undefined;
  const ms = Date.parse(`${text.slice(0, 19)}Z`);
  // Date.parse rolls 31 February over into March; such a day is no time.
  if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 19) !== text.slice(0, 19)) return undefined;
  return BigInt(ms) * 1_000_000n + BigInt((match[7] ?? '').padEnd(9, '0'));
}

/** A wall for people, as the file writes it: '2008-11-27T08:21:44Z'. */
export function formatUtc(ns: bigint): string {
  const text = new Date(Number(ns / 1_000_000n)).toISOString();
  return ns % 1_000_000_000n === 0n
    ? `${text.slice(0, 19)}Z`
    : `${text.slice(0, 19)}.${(ns % 1_000_000_000n).toString().padStart(9, '0').replace(/0+$/, '')}Z`;
}

/** A length with its sign, as settime and walls are written. */
export const formatSigned = (ns: DurationNs): string => (ns < 0n ? formatDuration(ns) : `+${formatDuration(ns)}`);
