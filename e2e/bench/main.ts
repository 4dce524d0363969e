/**
 * `npm run bench`: what a second moves of a guest's memory, in ratios to other ways to do it on the same machine in the
 * same round. All ways take turns within a round, so that what else the machine does falls on all of them; ratios are
 * taken within rounds, and medians over them. Prints Markdown, as it stands in docs/performance.md.
 */
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { blackouts } from './blackout.ts';
import { downtimes } from './downtime.ts';
import { growth } from './growth.ts';
import { PATTERNS, type Pattern } from './guest-memory.ts';
import { crowds } from './guests.ts';
import { kernelText } from './machine-text.ts';
import { memories } from './memory.ts';
import { qemuVersion, versionOf } from './qemu.ts';
import { speeds } from './speeds.ts';

const PARTS = ['speed', 'blackout', 'downtime', 'growth', 'memory', 'guests'] as const;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    memory: { type: 'string', default: '1024' },
    patterns: { type: 'string', default: PATTERNS.join(',') },
    parts: { type: 'string', default: PARTS.join(',') },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  print(`npm run bench -- [--rounds 7] [--memory 1024 (MiB)] [--patterns ${PATTERNS}] [--parts ${PARTS}]`);
  process.exit(0);
}

const rounds = Number(values.rounds);
const pages = Number(values.memory) * 256;
const patterns = values.patterns
  .split(',')
  .filter((name): name is Pattern => (PATTERNS as readonly string[]).includes(name));
if (!(rounds >= 1) || !(pages >= 256 && pages <= 1024 * 1024) || patterns.length === 0) {
  print('bench: rounds from 1, memory from 1 to 4096 MiB, and patterns that are known (--help)');
  process.exit(254);
}

const qemu = qemuVersion();
const socatVersion = versionOf('socat', '-V');
print(`Machine: ${cpus().length} x ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 1e9)} GB, ${kernelText()}.`);
print(
  `Node ${process.version}; ${qemu ?? 'no QEMU'}; ${socatVersion ?? 'no socat'}. ${new Date().toISOString().slice(0, 16)}Z.\n`,
);
if (qemu === null)
  print('QEMU is skipped: qemu-system-x86_64 is not installed (Debian: apt-get install qemu-system-x86).\n');
if (socatVersion === null) print('socat is skipped: it is not installed (Debian: apt-get install socat).\n');

const peers = { qemu: qemu !== null, socat: socatVersion !== null };
const parts = values.parts.split(',');
if (parts.includes('speed')) await speeds({ pages, rounds, patterns, peers }, print);
if (parts.includes('blackout')) await blackouts({ rounds }, print);
if (parts.includes('downtime')) await downtimes({ rounds, peers }, print);
if (parts.includes('growth')) await growth({ rounds: Math.min(rounds, 3) }, print);
if (parts.includes('memory')) await memories(print);
if (parts.includes('guests')) await crowds({ rounds: Math.min(rounds, 3) }, print);
process.exit(0);

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
