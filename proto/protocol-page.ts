/**
 * docs/protocol.md, made from the registry, the error table, the limits and the close codes. A test compares it with the
 * file; `npx vitest run proto/protocol-page.test.ts -u` writes it anew.
 */
import type { TSchema } from 'typebox';
import { CLOSE_CODE } from './close-codes.ts';
import { COMMANDS, type CommandRow } from './control/commands.ts';
import { MESSAGES, type MessageRow } from './control/registry.ts';
import { ERRORS } from './errors.ts';
import * as limits from './limits.ts';
import { PROTOCOL, versionText } from './version.ts';

type Node = TSchema & {
  readonly '~kind'?: string;
  readonly type?: string;
  readonly anyOf?: readonly Node[];
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly items?: Node;
  readonly const?: unknown;
  readonly title?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxItems?: number;
};

const INTRODUCTION = `# The protocol

Version ${versionText(PROTOCOL)}. This page is made from \`proto/\` (registry, error table, limits) and kept true by a test; do not edit it.

Nodes and runners dial the coordinator's control socket, \`/v1/control\`: a WebSocket with binary messages, without
compression, with the token in the \`Authorization\` header. A message is one msgpack map: text keys, integers, bytes; a
nanosecond value is always an integer of 64 bits (\`d3\` or \`cf\`), any other number never is. Extension types, unknown keys,
bytes behind the message and containers nested deeper than ${limits.MESSAGE_DEPTH_MAX} are refused. A message that is refused ends the socket
with a \`refuse\` message and a close code, and ends nothing else.

    node or runner                    coordinator
    hello            ------------------>            majors must be equal
                     <------------------  welcome   or refuse
    clock-ping       ------------------>            ${limits.CLOCK_PINGS_AT_START} times, then once a second
                     <------------------  clock-pong
    ready            ------------------>
                     <----------------->  request, reply, event

True time is the coordinator's monotonic clock. The best round trip sets the clock of who asked, and half of it is what
that clock does not know (\`uncertaintyNs\`).

## A migration

    runner        coordinator              target                    source
    migrate ------> prepare-target --------> creates the paused domain
                    <---- dials /v1/streams/<migration>
                    prepare-source ------------------------------------> will suspend at suspendAt
                    dials /v1/streams/<migration> ---------------------> 
                    <------------------------------------------- batch   after the suspend
                    batch ------------------> applies it
                    <------------------- ack
                    ack -----------------------------------------------> one more batch of credit
                    <------------------------------------------ digest   the source's vote
                    <---------------- digest                             the target's vote
                    equal: the line 'committed' is made durable in the journal
                    commit -----------------> the guest runs at runAt
                    commit --------------------------------------------> destroys its copy
    <------ reply

A batch is acknowledged when it is applied; at most ${limits.STREAM_CREDIT_BATCHES} may be under way, so the relay holds at most that many. Before an
end has voted it gives up by itself when a link breaks: the source resumes its guest, the target drops its copy. After its
vote it waits, in doubt, with the guest paused. A migration without a durable 'committed' line was aborted: a node that
comes back names its open migrations in \`ready\`, and is told commit or abort. After the commit nothing resumes the source.
Every order and both votes name the epoch of the coordinator; what each side does in each state is in [hand-over.md](hand-over.md).

The last field of a \`batch\` is its checksum, and the last eight bytes of the message are the checksum's value: it covers
every byte before them. Pages of all \`PAGE_DATA\` records stand in \`pages\`, in order. They are described by runs of 16 bytes,
little-endian: libxc's pfn word (u64: bits 63-60 the page type, 51-0 the first pfn), how many pages (u32), and whether
their 4096 bytes each follow (u32 0), or nothing does because they are all zero (u32 1).
`;

/** The whole page. */
export function protocolPage(): string {
  return [
    INTRODUCTION,
    '## Messages\n',
    ...Object.entries<MessageRow>(MESSAGES).map(messageSection),
    '## Commands\n',
    'A command travels as `command` of a `request`, its answer as `result` of the `reply`. An error is a `reply` with `ok: false`, a code of the table below, and a message.\n',
    ...Object.entries<CommandRow>(COMMANDS).map(commandSection),
    '## Events\n',
    'Every event has `at` (true time) and, when it happened on a host, `host`, `uptimeNs` and `wallNs`.\n',
    eventTable(),
    '## Errors\n',
    errorTable(),
    '## Close codes\n',
    closeTable(),
    '## Limits\n',
    limitTable(),
  ].join('\n');
}

function messageSection([name, row]: readonly [string, MessageRow]): string {
  return `### ${name}\n\n${row.socket} socket, from ${row.from.join(', ')}. ${row.text}\n\n${fieldTable(row.schema as Node, ['type'])}`;
}

function commandSection([name, row]: readonly [string, CommandRow]): string {
  const answers = fieldTable(row.answers as Node, ['command']);
  return `### ${name}\n\nTo ${row.to === 'node' ? 'a node' : 'the coordinator'}, from a ${row.from}. ${row.text}\n\n${fieldTable(row.asks as Node, ['command'])}\nAnswer:\n\n${answers}`;
}

/** Fields of an object, or of each branch of a union of objects. */
function fieldTable(schema: Node, without: readonly string[]): string {
  const branches = schema.anyOf ?? [schema];
  return branches.map((branch) => oneTable(branch, without)).join('\nor\n\n');
}

function oneTable({ properties = {}, required = [] }: Node, without: readonly string[]): string {
  const rows = Object.entries(properties)
    .filter(([name]) => !without.includes(name))
    .map(([name, field]) => `| \`${name}\` | ${shapeOf(field)} | ${required.includes(name) ? '' : 'optional'} |`);
  if (rows.length === 0) return 'No fields.\n';
  return `| field | is | |\n| --- | --- | --- |\n${rows.join('\n')}\n`;
}

/** A field's shape in a few words. */
function shapeOf(node: Node): string {
  if (node.const !== undefined) return typeof node.const === 'string' ? `'${node.const}'` : `${node.const}`;
  if (node.title !== undefined) return node.title;
  if (node.anyOf !== undefined) return node.anyOf.map(shapeOf).join(' or ');
  if (node.items !== undefined) return `up to ${node.maxItems ?? 'any number'} of ${shapeOf(node.items)}`;
  if (node.properties !== undefined) return objectShape(node);
  if (node.type === 'integer') return rangeOf(node);
  return node.type ?? 'anything';
}

function objectShape({ properties = {}, required = [] }: Node): string {
  const fields = Object.entries(properties).map(
    ([name, field]) => `${name}${required.includes(name) ? '' : '?'}: ${shapeOf(field)}`,
  );
  return `{ ${fields.join(', ')} }`;
}

function rangeOf({ minimum, maximum }: Node): string {
  if (maximum === Number.MAX_SAFE_INTEGER) return `integer from ${minimum}`;
  return `integer ${minimum}..${maximum}`;
}

function eventTable(): string {
  const branches = ((MESSAGES.event.schema.properties.events as unknown as Node).items?.anyOf ?? []) as readonly Node[];
  const stamp = ['at', 'host', 'uptimeNs', 'wallNs', 'kind'];
  const rows = branches.map(({ properties = {}, required = [] }) => {
    const fields = Object.entries(properties)
      .filter(([name]) => !stamp.includes(name))
      .map(([name, field]) => `${name}${required.includes(name) ? '' : '?'}: ${shapeOf(field)}`);
    return `| \`${String(properties.kind?.const)}\` | ${fields.join('; ')} |`;
  });
  return `| kind | fields |\n| --- | --- |\n${rows.join('\n')}\n`;
}

function errorTable(): string {
  const did = { no: 'certainly not', yes: 'yes', unknown: 'unknown' };
  const rows = Object.entries(ERRORS).map(
    ([code, { meaning, happened }]) => `| \`${code}\` | ${meaning} | ${did[happened]} |`,
  );
  return `| code | means | did it happen? |\n| --- | --- | --- |\n${rows.join('\n')}\n`;
}

function closeTable(): string {
  const rows = Object.entries(CLOSE_CODE).map(
    ([name, code]) => `| ${code} | ${name.toLowerCase().replaceAll('_', ' ')} |`,
  );
  return `| code | means |\n| --- | --- |\n${rows.join('\n')}\n`;
}

function limitTable(): string {
  const rows = Object.entries(limits)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `| \`${name}\` | ${value} |`);
  return `Their arithmetic is in \`proto/limits.ts\`.\n\n| limit | value |\n| --- | --- |\n${rows.join('\n')}\n`;
}
