/**
 * history.jsonl: a header line, then one line an event. bigint is a decimal string there, and a bigint again when read.
 * The first key of the first line is the version; a history of another version is refused with a code, never guessed at.
 */
import { Type } from 'typebox';
import { Event } from './control/event.ts';
import { closed, count, Name, oneOf } from './control/fields.ts';
import { SkewbedError } from './errors.ts';
import type { HistoryEvent, HistoryHeader } from './history.ts';
import { jsonForm } from './json-form.ts';
import { HISTORY_LINE_MAX_BYTES } from './limits.ts';

export const HISTORY_VERSION = 1;

const Header = closed({
  skewbed: Type.Literal(HISTORY_VERSION),
  scenario: Name,
  testbed: oneOf('sim', 'processes', 'containers', 'xen'),
  seed: count(),
  scale: Type.Number({ exclusiveMinimum: 0, maximum: 1 }),
  plan: Type.Unknown(),
});

const headerForm = jsonForm(Header, 'bad-history');
const eventForm = jsonForm(Event, 'bad-history');

/** The first line, without its end. */
export function headerLine(header: HistoryHeader): string {
  return JSON.stringify(header);
}

/** One event as a line, without its end. Equal events give equal lines, whatever the order of their keys. */
export function eventLine(event: HistoryEvent): string {
  return JSON.stringify(eventForm.toJson(event));
}

/** A whole file. */
export function writeHistory(header: HistoryHeader, events: Iterable<HistoryEvent>): string {
  const lines = [headerLine(header)];
  for (const event of events) lines.push(eventLine(event));
  return `${lines.join('\n')}\n`;
}

/** Reads a whole file. `file` is what errors call it. */
export function readHistory(text: string, file = 'history.jsonl'): { header: HistoryHeader; events: HistoryEvent[] } {
  const lines = text.split('\n');
  if (lines.pop() !== '') {
    throw new SkewbedError(
      'bad-history',
      `${file}: line ${lines.length + 1} has no end; was the run broken off?`,
      file,
    );
  }
  const [first, ...rest] = lines;
  if (first === undefined) throw new SkewbedError('bad-history', `${file}: is empty`, file);
  const header = readHeader(first, `${file} line 1`);
  return { header, events: rest.map((line, index) => readEventLine(line, `${file} line ${index + 2}`)) };
}

/** One line as an event. */
export function readEventLine(line: string, where: string): HistoryEvent {
  return eventForm.fromJson(parse(line, where), where);
}

function readHeader(line: string, where: string): HistoryHeader {
  const json = parse(line, where);
  const version = typeof json === 'object' && json !== null && 'skewbed' in json ? json.skewbed : undefined;
  if (typeof version === 'number' && version !== HISTORY_VERSION) {
    throw new SkewbedError(
      'history-version',
      `${where}: a history of version ${version}, this program reads ${HISTORY_VERSION}; use the Skewbed that wrote it, or run the scenario again`,
      where,
    );
  }
  return headerForm.fromJson(json, where) as HistoryHeader;
}

function parse(line: string, where: string): unknown {
  if (line.length > HISTORY_LINE_MAX_BYTES) {
    throw new SkewbedError(
      'limit-exceeded',
      `${where}: ${line.length} characters; at most ${HISTORY_LINE_MAX_BYTES}`,
      where,
    );
  }
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new SkewbedError(
      'bad-history',
      `${where}: no JSON: ${error instanceof Error ? error.message : String(error)}`,
      where,
    );
  }
}
