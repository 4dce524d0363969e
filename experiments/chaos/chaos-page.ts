/** docs/chaos.md, made from the tables of faults, weights, checkers and canaries; a test keeps the page true. */
import { CANARIES } from './canaries/index.ts';
import { CHECKERS, OTHER_TEXTS } from './checkers/index.ts';
import { FAULT_NAMES, kindOf } from './faults/index.ts';
import type { Found } from './found.ts';
import { QUIET_MS } from './schedule.ts';
import { FAULT_WEIGHTS } from './weights.ts';

/** The text of the page. */
export function chaosPage(found: readonly Found[]): string {
  const total = FAULT_NAMES.reduce((sum, name) => sum + FAULT_WEIGHTS[name], 0);
  return `# Chaos

Random clocks, links and crashes, found by seed, shrunk, replayed. \`experiments/chaos/\` draws a schedule from a seed, runs it in the simulator, and holds the history against what must never be. The tables on this page are generated; a test keeps them true (\`vitest run experiments/chaos/chaos-page -u\` writes it again).

\`\`\`sh
npx skewbed chaos --seeds 10000                    # every processor; exit code 1 when something is found
npx skewbed replay sb1.7VZt...                     # the last line of every failure
npx skewbed chaos --find hang --kernel pvops-2.6.35 --stop-at-first   # the smallest step that hangs a kernel
npx skewbed chaos --seeds 100000 --shard 3/8 --json > 3.json          # one of eight machines
npx skewbed report --merge 1.json 2.json 3.json    # all of them as one
npm run nightly                                    # 100,000 seeds
\`\`\`

## A run

1. Two to four hosts whose clocks disagree, one to three guests of any kernel, one to six moves (with and without pre-copy, through the coordinator or from node to node), up to twenty faults, within 30 to 120 s.
2. Then ${QUIET_MS / 1000} s of quiet: links heal, processes are back, clocks are set right. Everything that can end has to end in it.
3. At last every host is audited, and the checkers read the history: what the hosts themselves said, in the order in which it happened, whoever of the services heard it.

A schedule is data, and everything about it is in a replay code: the same code gives the same history, byte for byte, in any process. 5 % of the seeds are run twice and compared (\`--check-determinism\`), all of them in CI's 500; the first difference is named.

## Faults

Every fault says how it went, read back from the history or from the link or process that it was done to: confirmed, inconclusive (it waited for a message that never came, its host was dead), or a mismatch, which is a finding. A campaign in which nothing moved or nothing was confirmed exits with 2: it was blind.

| fault | of | share | what it does |
| --- | --- | --- | --- |
${FAULT_NAMES.map((kind) => {
  const { about, text } = kindOf({ kind });
  return `| ${kind} | ${about} | ${Math.round((100 * FAULT_WEIGHTS[kind]) / total)} % | ${text} |`;
}).join('\n')}

Offsets are no fault of their own: walls of half the hosts are off by up to 288 s from the start, and every host has been up for another time, from seconds to 47 days. Weights: \`experiments/chaos/weights.ts\`.

A host and its node are one machine: when the node dies, its guests are gone, and no checker complains of that. A process that is paused keeps its connections; over real sockets the peer's keep-alive would give up after 15 s, so pauses are shorter.

## Checkers

| checker | what has to hold |
| --- | --- |
${CHECKERS.map(({ name, text }) => `| ${name} | ${text} |`).join('\n')}
${Object.entries(OTHER_TEXTS)
  .map(([name, text]) => `| ${name} | ${text} |`)
  .join('\n')}

A hang is no violation: the kernels of the thread do hang, and the checker \`freeze\` holds them to the length that the formulas give. \`--find hang\` looks for one all the same, and shrinks it.

## Shrinking

Fewer faults, moves, guests and hosts, plain settings, earlier instants; at last each magnitude by bisection, to the millisecond. What comes out is a number with its clock: K1 (\`xenlinux-2.6.18\`) hangs from a wall that is some 45 ms behind, whatever the uptimes; K4 (\`pvops-2.6.35\`) from an uptime that is as much behind, whatever the walls. Less than that is within the three ticks which the look allows for.

## Canaries

A deliberate bug each, put in from outside, in a registry that nobody else knows. The campaign has to find every one of them, or its checkers see nothing. \`node experiments/chaos/measure-canaries.ts\` measures how long it takes; CI runs the first finding seed of each.

| canary | what is wrong | found by | first seed | seeds it takes on average |
| --- | --- | --- | --- | --- |
${found
  .map(({ canary, firstSeed, by, seeds, found: times }) => {
    const text = CANARIES.find(({ name }) => name === canary)?.text ?? '';
    return `| ${canary} | ${text} | ${by} | ${firstSeed} | ${(seeds / times).toFixed(1)} |`;
  })
  .join('\n')}

## What it has found

\`experiments/regressions/\` holds the schedules; they run for ever after.

- Two guests on one host: a sleep in one came back a second late, because the quiet stretch that the simulator skips was counted anew whenever the other guest was served (\`model/xen/host.ts\`). No test had two guests on a host.
- A host that was building a domain could not be audited (\`model/xen/audit.ts\`).
- K0 and K2 may take CLOCK_MONOTONIC back by up to two ticks at a resume, not one, once a leap of the uptime has put their ticks out of phase with Xen's timer. That is the kernel's way, not the model's.
- A live move whose guest dirties pages faster than its bandwidth never ends with QEMU's policy; orders need a time limit.

## One machine and many

\`--workers\` defaults to every processor. \`--shard i/n\` takes every n-th seed; i may count from 0 (Kubernetes, \`JOB_COMPLETION_INDEX\`) or from 1 (Swarm, \`{{.Task.Slot}}\`).
`;
}
