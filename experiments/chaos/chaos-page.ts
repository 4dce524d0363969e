/** docs/chaos.md, made from the tables of faults, weights, checkers and canaries; a test keeps the page true. */
import { CANARIES } from './canaries/index.ts';
import { CHECKERS, OTHER_TEXTS } from './checkers/index.ts';
import { FAULT_NAMES, kindOf } from './faults/index.ts';
import type { Found } from './found.ts';
import { hangThresholds } from './hang-thresholds.ts';
import { realPage } from './real/real-page.ts';
import { QUIET_MS } from './schedule.ts';
import { FAULT_WEIGHTS } from './weights.ts';

/** A row for each kernel, a column for each beginning. */
function thresholdRows(): string {
  const found = Map.groupBy(hangThresholds(), ({ kernel }) => kernel);
  return [...found]
    .map(([kernel, each]) => {
      const cells = each.map(({ ms, clock }) => (ms === null ? 'no hang' : `${ms} ms of ${clock}`));
      return `| ${kernel} | ${cells.join(' | ')} |`;
    })
    .join('\n');
}

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
npx skewbed report --merge *.json                  # all of them as one; notices a missing one
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

An offset is no fault of its own but where every host begins: half the walls are off by up to 288 s, and every host has been up for another time, from seconds to 47 days. Each reading that is read back contains it. Weights: \`experiments/chaos/weights.ts\`.

A host and its node are one machine: when the node dies, its guests are gone, and no checker complains of that. A process that is paused keeps its connections; over real sockets the peer's keep-alive gives up after 15 to 20 s, so pauses are shorter.

## Checkers

| checker | what has to hold |
| --- | --- |
${CHECKERS.map(({ name, text }) => `| ${name} | ${text} |`).join('\n')}
${Object.entries(OTHER_TEXTS)
  .map(([name, text]) => `| ${name} | ${text} |`)
  .join('\n')}

A hang is no violation: the kernels of the thread do hang, and the checker \`freeze\` holds them to the length that the formulas give. \`--find hang\` looks for one all the same, and shrinks it.

## Shrinking

Fewer faults, moves, guests and hosts, plain settings, earlier instants; at last each magnitude by bisection, to the millisecond. What comes out is a number with its clock. A schedule of 40 faults with a bug comes down to at most 3 faults in at most 150 runs (tested for a bug of each checker that few seeds find; the longest took 8 s on two busy processors). Why the search is our own: [decisions/0011](decisions/0011-schedules-are-shrunk-by-hand.md).

The smallest skews that hang a kernel, found so from a minute each, while the page was made:

| kernel | moves to a host whose wall is behind | moves to a host whose uptime is behind | somebody sets the date back |
| --- | --- | --- | --- |
${thresholdRows()}

They contain the three ticks (30 ms) that a look allows a sleep to be late: less than that nobody calls a hang.

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
- 100,000 seeds in a row (\`npm run nightly\`): one finding, a checker that took a date for given out which a settime within the first tick after a start had put right before any program ran.
- Two checkers that were wrong in one seed of two thousand: acknowledgements that are lost with a link come again in the dial that resumes the stream, which the checker of the credit did not know; and a look at a guest may come so late that it finds the copy which the move has left behind, which the checker of the freezes took for the running one.
- A campaign that lost 60 KiB for each seed: sums of batches are made by native objects, whose memory is given back only when the event loop turns, and a worker that waits for its next task does not turn it (\`runtime/checksum.ts\`).

## What a campaign leaves

\`runs/chaos/\` has \`result.json\`, \`junit.xml\` and \`report.html\`, and for each failure that was shrunk a folder \`seeds/SEED/\` with the smallest run that still fails: history, the coordinator's journal, schedule, result, and a page with guests, moves, faults and findings over time and the clocks of the hosts. \`histories.txt\` has the hash of each seed's history; their sum is in the result, so that two machines can see whether they saw the same, and where not. The forms of these results, and of what real nodes come to, are in [schemas/](schemas/).

\`\`\`sh
npx skewbed replay runs/chaos                      # the first failure; --seed 12 for another
npx skewbed replay runs/chaos/junit.xml            # the same from JUnit, from a page, from any text with replay codes in it
npx skewbed report runs/chaos                      # everything again from result.json
npx skewbed report runs/chaos/seeds/12             # judged again from history and journal alone
\`\`\`

The last line of every failure, in a terminal, in JUnit, in JSON (\`replay\`) and on the pages, is the command that repeats it. A failing schedule becomes a test for ever by a file in \`experiments/regressions/\`: what was wrong, and the \`schedule.json\` of its folder.

| exit code of \`skewbed chaos\` and \`report\` | it means |
| --- | --- |
| 0 | nothing was found; with \`--find\`, something was |
| 1 | something was found; with \`--find\`, nothing was, or something else |
| 2 | blind: nothing moved, or no fault was confirmed |
| 254, 255 | usage; a crash |

\`--github\` writes a summary to \`$GITHUB_STEP_SUMMARY\`. \`npm run speed\` prints seeds a second and simulated seconds a second.

${realPage()}
## One machine and many

\`--workers\` defaults to every processor. \`--shard i/n\` takes every n-th seed; i may count from 0 to n-1 or from 1 to n. \`skewbed report --merge\` makes one result of all shards: the same, but for the seconds that it took, as the whole campaign on one machine has, down to the sum of all histories. A shard that is missing, doubled, cut short or of another campaign is refused by name, for it must not pass as one that found nothing. (At most \`--shrink\` failures are shrunk in each shard.)

Both engines below run the same image and the same \`docker/chaos-shard.sh\`. A shard prints its result as JSON and ends with 0 whether it has found something or not; the merge gives the verdict and the exit code.

### Docker Swarm

On a manager, with an image that every node has:

\`\`\`sh
docker build -f docker/Dockerfile --target skewbed -t registry.example/skewbed:1 . && docker push registry.example/skewbed:1
SKEWBED_IMAGE=registry.example/skewbed:1 docker/swarm/chaos.sh 16 --seeds 100000
\`\`\`

\`docker/swarm/chaos.yaml\` is a stack with a \`replicated-job\` of 16 tasks, spread over the nodes by what they reserve (a processor each). The script deploys it, waits, collects the results from the tasks' logs, merges them into \`runs/chaos/\`, and removes the stack. Two things that the engine does not say (seen with 20.10.24): slots of a job count from 0, and \`{{.Task.Slot}}\` is the node's id where it is 0; and failed tasks of a job are tried again without an end, whatever \`max_attempts\` says, so the script gives up when a shard has failed three times. \`npm run e2e swarm\` tries it on a swarm of one node, on loopback.

### Kubernetes

\`\`\`sh
SKEWBED_IMAGE=registry.example/skewbed:1 docker/kubernetes/chaos.sh 16 --seeds 100000
\`\`\`

\`docker/kubernetes/chaos-job.yaml\` is an Indexed Job whose pods take their shard from \`JOB_COMPLETION_INDEX\`: not root, root file system read-only, no capability, no token, a processor and 1 GiB at most; its head says how to do it by hand. It needs Kubernetes 1.29 or later (\`backoffLimitPerIndex\`). No cluster has run it yet: a test checks the manifest against a strict schema, and runs the script from end to end with a stand-in for kubectl that runs each index as a process.
`;
}
