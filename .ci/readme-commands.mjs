// Runs what the README tells people to type: every line of its `sh` blocks, in order, each expected to exit 0.
// `npm ci` and `npm start` were run already by .ci/run; the README's picture of `npm start` is held against its real output.
// Lines with `docker` belong to the container suite.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const readme = readFileSync('README.md', 'utf8');
const blocks = [...readme.matchAll(/```(\w+)\n([\s\S]*?)```/g)].map(([, language, text]) => ({ language, text }));
const DONE = new Set(['npm ci && npm start', 'npm ci', 'npm start', 'npm test', 'npm run check', 'npm run proofs']);
const failures = [];

const shown = blocks.find(({ language }) => language === 'text');
if (shown === undefined) failures.push('the picture of npm start is gone');
const real = readFileSync(process.argv[2], 'utf8');
for (const line of (shown?.text ?? '').split('\n')) {
  const wanted = line.trim();
  if (wanted !== '' && wanted !== '...' && !real.includes(wanted)) failures.push(`npm start did not print: ${wanted}`);
}

for (const { language, text } of blocks) {
  if (language !== 'sh') continue;
  for (const line of text.split('\n')) {
    const command = line.replace(/\s+#.*$/, '').trim();
    if (command === '' || DONE.has(command) || command.includes('docker') || command.startsWith('git clone')) continue;
    console.log(`== ${command}`);
    const { status } = spawnSync('bash', ['-c', command], { stdio: ['ignore', 'ignore', 'inherit'] });
    if (status !== 0) failures.push(`${command}: exit ${status}`);
  }
}

for (const failure of failures) console.error(`README: ${failure}`);
console.log(
  failures.length === 0 ? 'README: everything that it says can be typed, and works' : 'README: it promises too much',
);
process.exitCode = failures.length === 0 ? 0 : 1;
