/**
 * The settings of a service: flags first, then environment variables, then defaults. Tokens come from the environment or
 * a file alone (runtime/live/token.ts), because a flag can be read by everybody on the machine.
 */

import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import type { LogLevel } from '@skewbed/runtime/live/log.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** One setting: its flag, its variable, what it is when neither is there. */
export type Setting = {
  readonly flag: string;
  readonly variable: string;
  readonly text: string;
  readonly otherwise?: string;
};

export type Listen = { readonly host: string; readonly port: number };

/** Settings of every service. */
export const COMMON_SETTINGS = [
  {
    flag: 'listen',
    variable: 'SKEWBED_LISTEN',
    text: 'address and port; port 0 is any free one',
    otherwise: '127.0.0.1:0',
  },
  {
    flag: 'allowed-hosts',
    variable: 'SKEWBED_ALLOWED_HOSTS',
    text: 'names by which this service may be called, beside loopback; with commas',
  },
  { flag: 'log', variable: 'SKEWBED_LOG', text: 'debug, info, warn, error or silent', otherwise: 'info' },
] as const satisfies readonly Setting[];

/** Null for --help. Throws 'bad-argument' on what is no flag of ours. */
export function readSettings(
  settings: readonly Setting[],
  args: readonly string[],
  environment: Environment,
): ReadonlyMap<string, string> | null {
  const options = Object.fromEntries(settings.map(({ flag }) => [flag, { type: 'string' as const }]));
  let values: Readonly<Record<string, string | boolean | undefined>>;
  try {
    values = parseArgs({
      args: [...args],
      options: { ...options, help: { type: 'boolean' as const, short: 'h' } },
    }).values;
  } catch (error) {
    throw new SkewbedError('bad-argument', `${error instanceof Error ? error.message : error}; see --help`);
  }
  if (values.help === true) return null;
  const found = new Map<string, string>();
  for (const { flag, variable, otherwise } of settings) {
    const value = values[flag] ?? environment[variable] ?? otherwise;
    if (typeof value === 'string' && value !== '') found.set(flag, value);
  }
  return found;
}

/** The text of --help. */
export function helpText(program: string, purpose: string, settings: readonly Setting[]): string {
  const rows = settings.map(({ flag, variable, text, otherwise }) => {
    const names = `  --${flag} VALUE`.padEnd(28) + variable.padEnd(26);
    return `${names}${text}${otherwise === undefined ? '' : ` (default ${otherwise})`}`;
  });
  return [
    `${program}: ${purpose}`,
    '',
    '  flag                      variable                  meaning',
    ...rows,
    '  (none)                    SKEWBED_TOKEN             the token that peers and people must show',
    '  (none)                    SKEWBED_TOKEN_FILE        a file with the token; without either, a random one',
    '',
    'Prints {"ready":true,"url":...} on standard output when it listens, and logs on standard error.',
    'Ends on SIGTERM, SIGINT, and when its standard input is a pipe that closes.',
    '',
  ].join('\n');
}

/** '127.0.0.1:8080', '[::1]:0', '0.0.0.0:80'. */
export function readListen(text: string): Listen {
  const parts = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):(\d{1,5})$/.exec(text);
  const port = Number(parts?.[2] ?? Number.NaN);
  if (parts?.[1] === undefined || !(port <= 65_535)) {
    throw new SkewbedError('bad-argument', `listen address '${text}': write it like 127.0.0.1:8080 or [::1]:0`);
  }
  return { host: parts[1].replace(/^\[|\]$/g, ''), port };
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'silent'];

export function readLogLevel(text: string): LogLevel {
  const level = LEVELS.find((each) => each === text);
  if (level === undefined) throw new SkewbedError('bad-argument', `log level '${text}': one of ${LEVELS.join(', ')}`);
  return level;
}

/** 'a,b' -> ['a', 'b']. */
export function readNames(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** Where a service listens, as its ready line says. */
export function urlOf({ address, family, port }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

/** An URL of a peer: http, https, ws or wss, without user, query or fragment. */
export function readPeerUrl(text: string, setting: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  const plain = url !== null && url.username === '' && url.search === '' && url.hash === '';
  if (!plain || !/^(?:https?|wss?):$/.test(url.protocol)) {
    throw new SkewbedError('bad-argument', `${setting} '${text.slice(0, 100)}': write it like http://127.0.0.1:8080`);
  }
  return text.replace(/\/$/, '');
}

/** The name of a node. */
export function readNodeName(text: string): string {
  if (/^[a-z0-9][a-z0-9.-]{0,63}$/.test(text)) return text;
  throw new SkewbedError(
    'bad-argument',
    `node name '${text.slice(0, 100)}': up to 64 of a-z, 0-9, '.' and '-', no '-' first`,
  );
}
