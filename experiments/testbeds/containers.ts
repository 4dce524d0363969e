/**
 * The testbed `containers`: a coordinator and nodes that somebody else has started, in containers (compose.yaml) or
 * anywhere else where this process reaches the coordinator. It starts no container engine: it gets a URL and a token.
 */
import { randomBytes } from 'node:crypto';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { resolveToken } from '@skewbed/runtime/live/token.ts';
import type { Testbed } from '../trial.ts';
import { type RunnerOptions, runLive } from './live-run.ts';
import { runOnNodeClocks } from './node-clocks.ts';

/** The coordinator as compose.yaml publishes it. */
export const PUBLISHED_URL = 'http://localhost:8080';
const ANSWER_WITHIN_MS = 5_000;

export type ContainerTestbed = Testbed & {
  readonly coordinatorUrl: string;
  /** Runs a plan on the clocks that the nodes have by themselves. */
  readonly runOnNodeClocks: Testbed['run'];
  /** Ends the nodes, then the coordinator. Does not complain about what is gone already. */
  readonly stopServices: () => Promise<void>;
};

/** Finds the coordinator of SKEWBED_COORDINATOR_URL; with the token of SKEWBED_TOKEN or SKEWBED_TOKEN_FILE. */
export async function findContainers(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Pick<RunnerOptions, 'coordinatorUrl' | 'token'>> {
  const coordinatorUrl = (environment.SKEWBED_COORDINATOR_URL || PUBLISHED_URL).replace(/\/$/, '');
  const { token, source } = resolveToken(environment);
  if (source === 'random')
    throw new SkewbedError(
      'bad-token',
      `the coordinator at ${coordinatorUrl} has a token: set SKEWBED_TOKEN_FILE, or SKEWBED_TOKEN="$(docker compose exec coordinator cat /run/skewbed/token)"`,
    );
  await findCoordinator(coordinatorUrl);
  return { coordinatorUrl, token };
}

/** The testbed that is there. */
export async function openContainers(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<ContainerTestbed> {
  const { coordinatorUrl, token } = await findContainers(environment);
  // Two command lines at one coordinator must not have one name.
  const mark = randomBytes(4).toString('hex');
  let runs = 0;
  const runner = (): RunnerOptions => {
    runs += 1;
    return { name: `runner-${mark}-${runs}`, coordinatorUrl, token };
  };
  return {
    name: 'containers',
    coordinatorUrl,
    runOnNodeClocks: (plan) => runOnNodeClocks(plan, runner()),
    run: (plan, progress) => runLive(plan, { ...runner(), ...(progress && { progress }) }),
    stopServices: () => stopServices(coordinatorUrl, token),
    close: async () => {},
  };
}

async function stopServices(coordinatorUrl: string, token: string): Promise<void> {
  const ask = (url: string, method: 'GET' | 'POST'): Promise<Response | null> =>
    fetch(url, {
      method,
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS / 5),
    }).catch(() => null);
  const found = (await (await ask(`${coordinatorUrl}/v1/nodes`, 'GET'))?.json()) as
    | { nodes?: { url: string }[] }
    | undefined;
  await Promise.all((found?.nodes ?? []).map(({ url }) => ask(`${url}/v1/stop`, 'POST')));
  await ask(`${coordinatorUrl}/v1/stop`, 'POST');
}

async function findCoordinator(url: string): Promise<void> {
  const hint = 'start the containers with: docker compose up --detach coordinator node-a node-b node-c';
  let status: number;
  try {
    status = (await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) })).status;
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new SkewbedError('not-connected', `no coordinator answers at ${url} (${cause}); ${hint}`);
  }
  if (status !== 200)
    throw new SkewbedError('not-connected', `what answers at ${url}/healthz with ${status} is no coordinator; ${hint}`);
}
