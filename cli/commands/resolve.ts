/**
 * skewbed resolve: a person decides a migration whose end nobody can tell a node, because its coordinator is away for good or
 * its guest was lost behind the commit. Talks to the node itself. Says first what that decision risks, for it is the one
 * thing in Skewbed by which two copies of a guest can run, or none (compare facts D.12, xl's text between steps 5 and 7).
 */
import { createInterface } from 'node:readline/promises';
import { EXIT } from '@skewbed/experiments/checkers/expect.ts';
import { jsonText } from '@skewbed/experiments/json-text.ts';
import { errorFromWire, SkewbedError } from '@skewbed/proto/errors.ts';
import { resolveToken } from '@skewbed/runtime/live/token.ts';
import { say, styled } from '../terminal.ts';

export type Decision = 'commit' | 'abort';
export type Case = { readonly node: string; readonly migration: string; readonly decision: Decision };
export type ResolveOptions = { readonly yes?: true; readonly json?: true };

type Side = 'source' | 'target';
type Host = {
  readonly node: string;
  readonly coordinator: string;
  readonly migrations: readonly { readonly migration: string; readonly side: Side; readonly phase: string }[];
};

/** Decides it, after a warning. */
export async function resolve({ node, migration, decision }: Case, options: ResolveOptions): Promise<number> {
  const print = options.json ? (line = '') => void process.stderr.write(`${line}\n`) : say;
  const url = await urlOf(node);
  const host = (await ask(url, '/v1/host')) as Host;
  const open = host.migrations.find((each) => each.migration === migration);
  if (open === undefined) {
    const there = host.migrations.map((each) => each.migration).join(', ') || 'none';
    throw new SkewbedError('not-found', `node ${host.node} has no open migration ${migration}; open are: ${there}`);
  }
  print(
    `Node ${host.node} is the ${open.side} of migration ${migration}, ${open.phase}; coordinator: ${host.coordinator}.`,
  );
  for (const line of riskText(open.side, decision)) print(styled('yellow', line));
  if (!(options.yes ?? (await agreed(migration)))) {
    throw new SkewbedError('refused', 'nothing was done: type the name of the migration, or give --yes');
  }
  const done = await ask(url, `/v1/migrations/${migration}/resolve`, { decision });
  if (options.json) process.stdout.write(jsonText({ schema: 1, resolved: done }));
  else print(styled('green', `Done: ${decision} on ${host.node}.`));
  return EXIT.pass;
}

/** What that decision does on that side, what it risks, and what to look at before. */
export function riskText(side: Side, decision: Decision): readonly string[] {
  return [RISKS[side][decision].does, RISKS[side][decision].risks, ORDER[decision]];
}

const RISKS: Readonly<Record<Side, Readonly<Record<Decision, { readonly does: string; readonly risks: string }>>>> = {
  source: {
    commit: {
      does: 'It destroys the copy of the guest on this node.',
      risks: 'THE GUEST IS LOST unless the target has the whole of it and runs it, or is resolved with commit.',
    },
    abort: {
      does: 'It lets the guest run on this node again.',
      risks: 'TWO COPIES RUN, and write to the same disks, if the target runs it already or is told to later.',
    },
  },
  target: {
    commit: {
      does: 'It lets the guest run on this node.',
      risks:
        'TWO COPIES RUN, and write to the same disks, if the source runs it again: resolved with abort, or told so by a coordinator whose journal has no commit line.',
    },
    abort: {
      does: 'It drops the copy of the guest on this node.',
      risks: 'THE GUEST IS LOST unless the source still has its copy.',
    },
  },
};

const ORDER: Readonly<Record<Decision, string>> = {
  commit: "Safe is only this: the journal has the migration's line 'committed'; the source first, then the target.",
  abort: "Safe is only this: the journal has no line 'committed' of it; the target first, then the source.",
};

async function agreed(migration: string): Promise<boolean> {
  if (!process.stdin.isTTY) return false;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await terminal.question(`Type ${migration} to do it: `)).trim() === migration;
  } finally {
    terminal.close();
  }
}

/** A name is looked up at the coordinator; a URL needs none, and works when that is away. */
async function urlOf(node: string): Promise<string> {
  if (/^https?:\/\//.test(node)) return node.replace(/\/+$/, '');
  const coordinator = process.env.SKEWBED_COORDINATOR_URL;
  if (coordinator === undefined) {
    throw new SkewbedError(
      'bad-argument',
      `node '${node}' is no URL: give one such as http://127.0.0.1:9001, or set SKEWBED_COORDINATOR_URL`,
    );
  }
  const { nodes } = (await ask(coordinator, '/v1/nodes')) as { nodes: { name: string; url: string }[] };
  const found = nodes.find(({ name }) => name === node);
  if (found !== undefined) return found.url;
  const there = nodes.map(({ name }) => name).join(', ') || 'none';
  throw new SkewbedError('not-connected', `the coordinator has no node ${node}; connected are: ${there}`);
}

async function ask(url: string, path: string, body?: object): Promise<unknown> {
  const { token, source } = resolveToken(process.env);
  if (source === 'random')
    throw new SkewbedError('bad-token', `${url} has a token: set SKEWBED_TOKEN_FILE, or SKEWBED_TOKEN`);
  let response: Response;
  try {
    response = await fetch(`${url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch (thrown) {
    throw new SkewbedError(
      'not-connected',
      `${url} does not answer: ${(thrown as Error).message}; is it the node's URL?`,
    );
  }
  const answer = (await response.json()) as { code?: string; message?: string };
  if (response.ok) return answer;
  throw errorFromWire(answer.code ?? 'peer-error', `${url}: ${answer.message ?? response.statusText}`);
}
