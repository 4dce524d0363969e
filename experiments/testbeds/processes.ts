/**
 * The testbed `processes`: one coordinator and one process for each host, on this machine, in real time, over real
 * sockets. They are the services' own programs, started with a token of their own on loopback, and they end with this
 * process, however it ends: each has a pipe to it, and closes when that does.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolveToken } from '@skewbed/runtime/live/token.ts';
import type { Testbed } from '../trial.ts';
import { runLive } from './live-run.ts';
import { ServiceProcess } from './service-process.ts';

/** The processes, and how somebody else on this machine can watch them. */
export type ProcessTestbed = Testbed & {
  readonly coordinatorUrl: string;
  readonly token: string;
  /** The token in a file that only this user can read, gone with the processes. */
  readonly tokenFile: string;
};

/** Starts a coordinator and a node for each name. Close it. */
export async function openProcesses(names: readonly string[]): Promise<ProcessTestbed> {
  const { token } = resolveToken(process.env);
  const folder = mkdtempSync(join(tmpdir(), 'skewbed-processes-'));
  const tokenFile = join(folder, 'token');
  writeFileSync(tokenFile, token, { mode: 0o600 });
  const started: ServiceProcess[] = [];
  const close = async (): Promise<void> => {
    for (const [signal, stop] of signals) process.off(signal, stop);
    await Promise.all(started.map((service) => service.stop()));
    rmSync(folder, { recursive: true, force: true });
  };
  const signals = (['SIGINT', 'SIGTERM'] as const).map((signal) => {
    const stop = (): void => {
      void close().finally(() => process.exit(signal === 'SIGINT' ? 130 : 143));
    };
    process.once(signal, stop);
    return [signal, stop] as const;
  });
  try {
    const environment = { SKEWBED_TOKEN: token, SKEWBED_LISTEN: '127.0.0.1:0', SKEWBED_LOG: 'warn' };
    const coordinator = new ServiceProcess('coordinator', '@skewbed/coordinator/main.ts', {
      ...environment,
      SKEWBED_JOURNAL: join(folder, 'journal'),
    });
    started.push(coordinator);
    const coordinatorUrl = await coordinator.ready;
    const nodes = names.map(
      (name) =>
        new ServiceProcess(`node ${name}`, '@skewbed/hypervisor-node/main.ts', {
          ...environment,
          SKEWBED_NODE_NAME: name,
          SKEWBED_COORDINATOR_URL: coordinatorUrl,
        }),
    );
    started.push(...nodes);
    await Promise.all(nodes.map((node) => node.ready));
    let runs = 0;
    return {
      name: 'processes',
      coordinatorUrl,
      token,
      tokenFile,
      run: (plan, progress) => {
        runs += 1;
        const crash = Promise.race(started.map((service) => service.crashed));
        return Promise.race([
          runLive(plan, { name: `runner-${runs}`, coordinatorUrl, token, ...(progress && { progress }) }),
          crash,
        ]);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
