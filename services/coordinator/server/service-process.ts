/**
 * The life of a service as a process: settings, token, start, one line that says it is ready, and a clean end on a
 * signal or when whoever started it is gone. Exit codes: 0 ended, 254 wrong settings, 255 a fault of its own.
 */
import { fstatSync } from 'node:fs';
import { codedError, SkewbedError } from '@skewbed/proto/errors.ts';
import { Access } from '@skewbed/runtime/live/access.ts';
import type { LogLevel } from '@skewbed/runtime/live/log.ts';
import { resolveToken } from '@skewbed/runtime/live/token.ts';
import { collectMemory } from './collect.ts';
import {
  COMMON_SETTINGS,
  helpText,
  isLoopback,
  type Listen,
  readListen,
  readLogLevel,
  readNames,
  readSettings,
  type Setting,
} from './settings.ts';

/** What every service is given. */
export type ServiceContext = {
  readonly settings: ReadonlyMap<string, string>;
  readonly listen: Listen;
  readonly logLevel: LogLevel;
  readonly token: string;
  readonly access: Access;
  /** Ends the process with a fault that only surfaced later, such as a disk that is full. */
  readonly fail: (error: SkewbedError) => void;
};

/** A service that listens. */
export type RunningService = { readonly url: string; readonly stop: () => Promise<void> };

export type ServiceProgram = {
  readonly program: string;
  readonly purpose: string;
  readonly settings: readonly Setting[];
  /** Names beside loopback by which this service is called, from its own settings. */
  readonly hosts: (settings: ReadonlyMap<string, string>) => readonly string[];
  readonly start: (context: ServiceContext) => Promise<RunningService>;
};

const WRONG_SETTINGS = 254;
const FAULT = 255;

/** Runs a program until it is told to end. */
export async function runService(program: ServiceProgram): Promise<void> {
  const all = [...COMMON_SETTINGS, ...program.settings];
  try {
    const settings = readSettings(all, process.argv.slice(2), process.env);
    if (settings === null) {
      process.stdout.write(helpText(program.program, program.purpose, all));
      return;
    }
    const service = await program.start(contextOf(program, settings));
    process.stdout.write(`${JSON.stringify({ ready: true, url: service.url })}\n`);
    endWith(service);
    // What was read and allocated for the start alone.
    collectMemory();
  } catch (thrown) {
    const error = codedError(thrown);
    process.stderr.write(
      `${program.program}: ${error.code}: ${error.code === 'crash' && thrown instanceof Error ? thrown.stack : error.message}\n`,
    );
    process.exit(error.code === 'crash' ? FAULT : WRONG_SETTINGS);
  }
}

function contextOf({ program, hosts }: ServiceProgram, settings: ReadonlyMap<string, string>): ServiceContext {
  const listen = readListen(settings.get('listen') ?? '');
  const { token, source } = resolveToken(process.env);
  if (source === 'random') {
    if (!isLoopback(listen.host)) {
      throw new SkewbedError(
        'bad-token',
        `listening on ${listen.host} needs a token that its peers know: set SKEWBED_TOKEN or SKEWBED_TOKEN_FILE`,
      );
    }
    process.stderr.write(
      `${program}: no token is configured; for this run it is\n  SKEWBED_TOKEN=${token}\nUse it as: curl -H "Authorization: Bearer $SKEWBED_TOKEN" ...\n`,
    );
  }
  return {
    settings,
    listen,
    logLevel: readLogLevel(settings.get('log') ?? ''),
    token,
    access: new Access({ token, hosts: [...readNames(settings.get('allowed-hosts')), ...hosts(settings)] }),
    fail: (error) => {
      process.stderr.write(`${program}: ${error.code}: ${error.message}\n`);
      process.exit(FAULT);
    },
  };
}

function endWith(service: RunningService): void {
  let ending = false;
  const end = (): void => {
    if (ending) return;
    ending = true;
    service.stop().then(
      () => process.exit(0),
      () => process.exit(FAULT),
    );
  };
  process.once('SIGTERM', end);
  process.once('SIGINT', end);
  if (!stdinIsPipe()) return;
  // A parent that dies without a word closes the pipe; a service must not outlive the run that started it.
  process.stdin.once('end', end);
  process.stdin.once('close', end);
  process.stdin.once('error', end);
  process.stdin.resume();
}

function stdinIsPipe(): boolean {
  try {
    const stdin = fstatSync(0);
    return stdin.isFIFO() || stdin.isSocket();
  } catch {
    return false;
  }
}
