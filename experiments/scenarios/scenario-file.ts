/**
 * Reads a scenario file (design section 8): YAML, the schema of file-schema.ts, then what the texts mean. Every error is
 * 'bad-scenario' with file, line and column, the value as it was written, and what to write instead.
 * Leaves out what depends on the testbed: scale, tolerance and limits are in scale.ts and refusals.ts.
 */
import type { Transfer } from '@skewbed/proto/control/transfer.ts';
import { HOST_FRAMES_MAX } from '@skewbed/proto/limits.ts';
import { PAGE_SIZE } from '@skewbed/proto/records.ts';
import Value from 'typebox/value';
import { hintAmong } from './closest-name.ts';
import { ScenarioFile } from './file-schema.ts';
import {
  readArmed,
  readExpectation,
  readHosts,
  readMove,
  readPositive,
  readSettime,
  readUnsigned,
} from './file-texts.ts';
import { readTransfer } from './file-transfer.ts';
import type { Scenario } from './scenario.ts';
import { kernelProblem, patchProblem } from './vocabulary.ts';
import { type YamlPath, YamlSource } from './yaml-source.ts';

/** Reads the text of a scenario file; `name` is what error messages call it. */
export function readScenario(text: string, name: string): Scenario {
  const source = new YamlSource(name, text);
  return meaningOf(shapeOf(source), source);
}

function shapeOf(source: YamlSource): ScenarioFile {
  const data = source.data();
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    return source.fail([], "a scenario is a map of keys; begin with 'scenario: its-name'");
  }
  if ('moves' in data) source.fail(['moves'], "the key 'moves' is reserved for chains of moves; write one 'move'");
  const errors = Value.Errors(ScenarioFile, data).filter((each) => each.keyword !== 'boolean');
  // A misspelt key is an unknown one and a missing one: the first says more.
  const error = errors.find((each) => each.keyword === 'additionalProperties') ?? errors[0];
  if (error === undefined) return data as ScenarioFile;
  const path = pathOf(error.instancePath);
  const params = error.params as Readonly<Record<string, readonly string[]>>;
  const at = path.length === 0 ? 'the scenario' : `'${path.join('.')}'`;
  if (error.keyword === 'additionalProperties') {
    const key = params.additionalProperties![0]!;
    return source.fail([...path, key], `${at} has no key '${key}'${hintAmong(key, keysAt(path))}`);
  }
  if (error.keyword === 'required') {
    const missing = params.requiredProperties!;
    return source.fail(
      path,
      `${at} needs ${missing.map((key) => `'${key}'`).join(' and ')}; add ${missing.length === 1 ? 'it' : 'them'}`,
    );
  }
  const value = valueAt(data, path);
  const wanted = schemaAt(path)?.description;
  return source.fail(
    path,
    `${at} is ${JSON.stringify(value)}${wanted === undefined ? `: it ${error.message}` : `; write ${wanted}`}`,
  );
}

function meaningOf(file: ScenarioFile, source: YamlSource): Scenario {
  const { guest } = file;
  const wrongKernel = kernelProblem(guest.kernel);
  if (wrongKernel !== undefined) source.fail(['guest', 'kernel'], wrongKernel);
  const kernel = guest.kernel as Scenario['guest']['kernel'];
  if (guest.hz !== undefined && ![100, 250, 1000].includes(guest.hz))
    source.fail(['guest', 'hz'], `hz is ${guest.hz}; a guest ticks 100, 250 or 1000 times a second`);
  if (guest.build === 'up' && kernel !== 'suse-2.6.25')
    source.fail(
      ['guest', 'build'],
      `the up build differs on suse-2.6.25 alone, and this is ${kernel}; leave 'build' out`,
    );
  if (guest.reader !== undefined && file.reader !== undefined)
    source.fail(['reader'], "'reader' stands here and in 'guest'; write it once");

  const move = readMove(file, source);
  const hosts = readHosts(file, move, source);
  const { restore, patches } = readPatches(file, source, kernel);
  const events = (file.events ?? []).map((event, index) => {
    if (!hosts.some((host) => host.name === event.host))
      source.fail(
        ['events', index, 'host'],
        `there is no host '${event.host}'${hintAmong(
          event.host,
          hosts.map((host) => host.name),
        )}`,
      );
    return {
      atNs: readUnsigned(source, ['events', index, 'at'], event.at),
      host: event.host,
      settime: readSettime(source, ['events', index, 'settime'], event.settime),
    };
  });
  const sleepAt = (sleep: { length: string; armed?: string }, path: YamlPath) => ({
    lengthNs: readPositive(source, [...path, 'length'], sleep.length),
    armed: readArmed(source, [...path, 'armed'], sleep.armed ?? '0s'),
  });
  return {
    scenario: file.scenario,
    question: file.question ?? '',
    source: file.source ?? '',
    guest: {
      kernel,
      build: (guest.build as 'smp' | 'up' | undefined) ?? 'smp',
      vcpus: guest.vcpus ?? 1,
      memoryBytes: readMemory(source, guest.memory ?? '16MiB'),
      hz: guest.hz ?? 100,
      ...readWriter(file, source),
      reader: ((file.reader ?? guest.reader) as 'off' | 'each-tick' | undefined) ?? 'each-tick',
    },
    hosts,
    move,
    restore,
    ...(file.migration === undefined ? {} : { migration: readMigration(file, source) }),
    patches,
    events: events.sort((a, b) => (a.atNs < b.atNs ? -1 : a.atNs > b.atNs ? 1 : 0)),
    sleeps: (file.sleeps ?? []).map((sleep, index) => sleepAt(sleep, ['sleeps', index])),
    timers: (file.timers ?? []).map((timer, index) => ({
      kind: timer.kind as Scenario['timers'][number]['kind'],
      ...sleepAt(timer, ['timers', index]),
    })),
    expect: readExpectation(file, source),
  };
}

function readWriter(
  { guest }: ScenarioFile,
  source: YamlSource,
): Pick<Scenario['guest'], 'writerPages' | 'writerRate'> {
  const { writerPages, writerRate } = guest;
  const pages = readMemory(source, guest.memory ?? '16MiB') / PAGE_SIZE;
  // Its own tables and lists take less than a quarter of any guest.
  if (writerPages !== undefined && writerPages > (pages * 3) / 4)
    source.fail(
      ['guest', 'writerPages'],
      `the writer has ${writerPages} pages; this guest has ${(pages * 3) / 4} for it`,
    );
  return { ...(writerPages === undefined ? {} : { writerPages }), ...(writerRate === undefined ? {} : { writerRate }) };
}

function readMigration(file: ScenarioFile, source: YamlSource): Transfer {
  if (file.move.kind === 'none')
    source.fail(['migration'], "a move of kind none carries nothing; leave 'migration' out");
  return readTransfer(source, file.migration ?? {});
}

function readPatches(
  file: ScenarioFile,
  source: YamlSource,
  kernel: Scenario['guest']['kernel'],
): Pick<Scenario, 'restore' | 'patches'> {
  const restore = (file.restore as Scenario['restore'] | undefined) ?? 'fields-2007';
  const patches = file.patches ?? [];
  patches.forEach((name, index) => {
    const problem = patchProblem(name, kernel);
    if (problem !== undefined) source.fail(['patches', index], problem);
    if (patches.indexOf(name) !== index)
      source.fail(['patches', index], `the patch '${name}' stands twice; write it once`);
  });
  const song = patches.indexOf('song-2008');
  if (restore === 'song-2008' && song >= 0) {
    source.fail(
      ['patches', song],
      "'restore: song-2008' is 'fields-2007' plus this patch already; keep one of the two",
    );
  }
  // The same thing under two names becomes one, so that results and matrix cells can be compared.
  if (restore === 'fields-2007' && song >= 0)
    return { restore: 'song-2008', patches: patches.filter((name) => name !== 'song-2008') };
  return { restore, patches };
}

/** A quarter of a host: two copies, page tables, and room. */
const GUEST_MAX_BYTES = (HOST_FRAMES_MAX * 4096) / 4;
const MEMORY_UNITS: Readonly<Record<string, number>> = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

function readMemory(source: YamlSource, text: string): number {
  const bytes = Number.parseInt(text, 10) * MEMORY_UNITS[text.slice(-3)]!;
  if (bytes % 4096 !== 0) source.fail(['guest', 'memory'], `memory is ${text}; write a multiple of a page (4KiB)`);
  if (bytes < 2 ** 20 || bytes > GUEST_MAX_BYTES)
    source.fail(['guest', 'memory'], `memory is ${text}; a guest has from 1MiB to ${GUEST_MAX_BYTES / 2 ** 20}MiB`);
  return bytes;
}

const pathOf = (pointer: string): (string | number)[] =>
  pointer
    .split('/')
    .slice(1)
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part.replaceAll('~1', '/').replaceAll('~0', '~')));

const valueAt = (data: unknown, path: YamlPath): unknown =>
  path.reduce<unknown>((value, key) => (value as Record<string | number, unknown>)[key], data);

type SchemaNode = {
  description?: string;
  properties?: Record<string, SchemaNode>;
  patternProperties?: Record<string, SchemaNode>;
  items?: SchemaNode;
};

function schemaAt(path: YamlPath): SchemaNode | undefined {
  return path.reduce<SchemaNode | undefined>((node, key) => {
    if (node === undefined) return undefined;
    if (typeof key === 'number') return node.items;
    return (
      node.properties?.[key] ??
      (node.patternProperties === undefined ? undefined : Object.values(node.patternProperties)[0])
    );
  }, ScenarioFile as SchemaNode);
}

const keysAt = (path: YamlPath): readonly string[] => Object.keys(schemaAt(path)?.properties ?? {});
