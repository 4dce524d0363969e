#!/usr/bin/env node
// The door: plain JavaScript that any Node can read. Skewbed itself is TypeScript, which Node 24 runs as it is; under an
// older Node it runs itself again with the one from the registry package `node`, or says in one line what to do.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NEEDED = 24;
const here = dirname(fileURLToPath(import.meta.url));
const major = Number(process.versions.node.split('.')[0]);

if (major >= NEEDED) {
  // Whoever reads may stop reading, as `head` does; that is the end, and no crash.
  process.stdout.on('error', (error) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
  const { main } = await import('./main.ts');
  process.exitCode = await main(process.argv.slice(2));
} else {
  const own = join(here, '..', 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (process.env.SKEWBED_REEXECUTED || !existsSync(own)) {
    console.error(
      `skewbed: this is Node ${process.versions.node} and Skewbed needs Node ${NEEDED}: run 'npm ci' in ${join(here, '..')}, which brings one`,
    );
    process.exitCode = 254;
  } else {
    const child = spawn(own, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
      stdio: 'inherit',
      env: { ...process.env, SKEWBED_REEXECUTED: '1' },
    });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
    child.on('error', (error) => {
      console.error(`skewbed: ${own} does not start: ${error.message}; run 'npm ci' again`);
      process.exitCode = 255;
    });
    child.on('exit', (code, signal) => {
      process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 143);
    });
  }
}
