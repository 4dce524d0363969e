/**
 * What can be asked: of a node, of the coordinator. Each command is one row with its words and its answer's fields; the
 * unions of all commands and of all answers are built from the table. The `command` in an answer says which it answers.
 */
import { type Static, type TProperties, type TSchema, Type } from 'typebox';
import { DOMAINS_MAX, EVENTS_PER_MESSAGE_MAX, NODES_MAX } from '../limits.ts';
import { Event } from './event.ts';
import {
  closed,
  count,
  DomainName,
  Epoch,
  Flag,
  HostUptime,
  HostWall,
  list,
  Name,
  Nanoseconds,
  oneOf,
  Sha256,
  ShortText,
  Text,
  TrueTime,
} from './fields.ts';
import { HostConfigFields, HostEventFields } from './host.ts';
import { Bandwidth, TimeLimit, TransferFields } from './transfer.ts';

export const Restore = oneOf('copy-all', 'fields-2007', 'song-2008', 'stream-v3');

export const TargetOrderFields = closed({
  migration: Name,
  domain: DomainName,
  restore: Restore,
  sourceWallAheadNs: Nanoseconds,
});

export const CommitOrderFields = closed({ runAt: TrueTime, pausedForNs: Nanoseconds });

export type CommandRow = {
  readonly to: 'node' | 'coordinator';
  /** Who may ask. Orders of a migration come from the coordinator alone. */
  readonly from: 'runner' | 'coordinator';
  readonly text: string;
  readonly asks: TSchema;
  readonly answers: TSchema;
};

const row = <const C extends string, A extends TProperties, R extends TProperties>(
  command: C,
  parties: { readonly to: 'node' | 'coordinator'; readonly from: 'runner' | 'coordinator' },
  text: string,
  asks: A,
  answers: R,
) =>
  ({
    ...parties,
    text,
    asks: closed({ command: Type.Literal(command), ...asks }),
    answers: closed({ command: Type.Literal(command), ...answers }),
  }) as const;

const RUNNER_TO_NODE = { to: 'node', from: 'runner' } as const;
const COORDINATOR_TO_NODE = { to: 'node', from: 'coordinator' } as const;
const RUNNER_TO_COORDINATOR = { to: 'coordinator', from: 'runner' } as const;

export const COMMANDS = {
  'configure-host': row(
    'configure-host',
    RUNNER_TO_NODE,
    'Drops every domain and makes a new host with these clocks. Refused while a migration of this node is open.',
    { config: HostConfigFields },
    { at: TrueTime },
  ),
  step: row(
    'step',
    RUNNER_TO_NODE,
    "Hands an event to the host at the exact instant `at` (null: now). An instant in the past is the error 'late'. The answer comes when it is done.",
    { at: Type.Union([TrueTime, Type.Null()]), event: HostEventFields },
    { at: TrueTime },
  ),
  'read-clocks': row(
    'read-clocks',
    RUNNER_TO_NODE,
    'The clocks of the host at the instant `at` (null: now), and its domains.',
    { at: Type.Optional(Type.Union([TrueTime, Type.Null()])) },
    {
      at: TrueTime,
      uncertaintyNs: Nanoseconds,
      wallNs: HostWall,
      uptimeNs: HostUptime,
      domains: list(DomainName, DOMAINS_MAX),
    },
  ),
  'migration-prepare-source': row(
    'migration-prepare-source',
    COORDINATOR_TO_NODE,
    'Send the domain on the stream socket, and suspend it exactly at `suspendAt` (null: when the pre-copy has come so far). The answer comes at once.',
    {
      epoch: Epoch,
      migration: Name,
      domain: DomainName,
      suspendAt: Type.Union([TrueTime, Type.Null()]),
      checksum: Name,
      /** Absent: the guest stops, then everything goes. */
      transfer: Type.Optional(TransferFields),
    },
    { at: TrueTime },
  ),
  'migration-prepare-target': row(
    'migration-prepare-target',
    COORDINATOR_TO_NODE,
    'Create the paused domain and dial the stream socket of the coordinator, and with `direct` that of the source, too.',
    {
      epoch: Epoch,
      order: TargetOrderFields,
      checksum: Name,
      /** A stream that breaks may come back. */
      resumable: Type.Optional(Flag),
      /** Where the source's stream sockets are. */
      direct: Type.Optional(ShortText),
    },
    { at: TrueTime },
  ),
  'migration-set': row(
    'migration-set',
    COORDINATOR_TO_NODE,
    'The source keeps to another bandwidth from now on.',
    { epoch: Epoch, migration: Name, bandwidth: Bandwidth },
    { at: TrueTime },
  ),
  'migration-commit': row(
    'migration-commit',
    COORDINATOR_TO_NODE,
    'The commit line is durable: the target runs the guest at `order.runAt`; the source (no order) destroys its copy.',
    { epoch: Epoch, migration: Name, order: Type.Optional(CommitOrderFields) },
    { at: TrueTime },
  ),
  'migration-abort': row(
    'migration-abort',
    COORDINATOR_TO_NODE,
    'No commit line will ever be written: the source resumes its guest, the target drops its copy.',
    { epoch: Epoch, migration: Name, why: Text },
    { at: TrueTime },
  ),
  nodes: row(
    'nodes',
    RUNNER_TO_COORDINATOR,
    'The nodes that are connected and ready.',
    {},
    { nodes: list(closed({ name: Name, url: ShortText, uncertaintyNs: Nanoseconds }), NODES_MAX) },
  ),
  migrate: row(
    'migrate',
    RUNNER_TO_COORDINATOR,
    'Moves a domain. The answer comes when it runs on `to`, or as an error when it was aborted and goes on on `from`.',
    {
      migration: Name,
      domain: DomainName,
      from: Name,
      to: Name,
      restore: Restore,
      /** When the guest stops; null: as soon as the pre-copy has come so far. */
      suspendAt: Type.Union([TrueTime, Type.Null()]),
      /** When it runs again; null: as soon as it can. */
      runAt: Type.Union([TrueTime, Type.Null()]),
      sourceWallAheadNs: Nanoseconds,
      /** Absent: the guest stops, then everything goes, through the coordinator. */
      transfer: Type.Optional(TransferFields),
    },
    {
      migration: Name,
      runAt: TrueTime,
      pausedForNs: Nanoseconds,
      sha256: Sha256,
      pages: count(),
      batches: count(),
      bytes: count(),
    },
  ),
  'migrate-cancel': row(
    'migrate-cancel',
    RUNNER_TO_COORDINATOR,
    'Gives a migration up that is not decided yet: the guest goes on on `from`.',
    { migration: Name, why: Text },
    { migration: Name },
  ),
  'migrate-set': row(
    'migrate-set',
    RUNNER_TO_COORDINATOR,
    'Changes the limits of a migration that is under way. What is absent stays as it is.',
    { migration: Name, bandwidth: Type.Optional(Bandwidth), timeLimitNs: Type.Optional(TimeLimit) },
    { migration: Name },
  ),
  history: row(
    'history',
    RUNNER_TO_COORDINATOR,
    'Events from number `from` on, as far as they are still kept.',
    { from: count(), most: Type.Integer({ minimum: 1, maximum: EVENTS_PER_MESSAGE_MAX }) },
    { first: count(), events: list(Event, EVENTS_PER_MESSAGE_MAX), next: count() },
  ),
} as const satisfies Record<string, CommandRow>;

export type CommandName = keyof typeof COMMANDS;
type Asks = { readonly [N in CommandName]: Static<(typeof COMMANDS)[N]['asks']> };
type Answers = { readonly [N in CommandName]: Static<(typeof COMMANDS)[N]['answers']> };
/** One command by its name, as it travels. */
export type CommandOf<N extends CommandName> = Asks[N];
export type Command = Asks[CommandName];
/** The answer to one command. */
export type ResultOf<N extends CommandName> = Answers[N];
export type Result = Answers[CommandName];

export const AnyCommand = Type.Unsafe<Command>(
  Type.Union(
    Object.values(COMMANDS).map((each) => each.asks),
    { title: 'one of the commands below' },
  ),
);
export const AnyResult = Type.Unsafe<Result>(
  Type.Union(
    Object.values(COMMANDS).map((each) => each.answers),
    { title: 'the answer of that command' },
  ),
);
