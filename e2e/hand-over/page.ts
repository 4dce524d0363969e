/**
 * docs/hand-over.md: the protocol in words, and its state tables as the code has them. A test compares it with the file;
 * `npx vitest run e2e/hand-over/page.test.ts -u` writes it anew.
 */
import * as limits from '@skewbed/proto/limits.ts';
import { coordinatorTable } from './coordinator-table.ts';
import { sourceTable, type Table, targetTable } from './node-table.ts';

const seconds = (ns: bigint): string => `${Number(ns) / 1e9} s`;

const INTRODUCTION = `# The hand-over

How a guest changes hosts without ever running twice, whoever is killed on the way. This page is made from the code: its
tables are found out by bringing a source, a target and a coordinator into each state and doing to them whatever can
happen; a test keeps it true. Messages are in [protocol.md](protocol.md); why it is so, in
[decisions/0006](decisions/0006-votes-and-presumed-abort.md).

## The rules

1. **One place decides.** A migration is committed when the line \`committed\` is durable in the coordinator's journal, and
   no order to commit is given before. Before that line every failure gives the guest back to the source; after it the
   source never runs it again, unless a person says so.
2. **A digest is a vote.** The line is written only when the source's digest at suspend and the target's after the end are
   there and equal. Who has not voted knows that there is no commit, and gives up by itself when a link breaks: the source
   lets its guest run, the target drops its copy. (A live stream that breaks before the suspend may be mended instead.)
3. **Who has voted waits.** Its copy stays paused. It asks the coordinator every ${seconds(limits.STILL_OPEN_PERIOD_NS)} (\`still-open\`), and whenever it comes
   back (\`ready\`). It is \`in-doubt\` when the link breaks, or when it has asked in vain for
   ${seconds(limits.IN_DOUBT_AFTER_NS)}: in its status, and in the history.
4. **What is not committed was aborted.** A coordinator that is started on its journal gives the orders of what was
   committed and not ended again, and answers every question about anything else with abort.
5. **The target goes first.** The source's copy is destroyed when the target has said that the guest has its place there.
   A target that cannot start the guest, or was restarted and has lost it, makes the migration \`lost\`: the source's copy
   stays, paused, for a person.
6. **A source that has voted may go.** Its copy is not needed for the commit: the guest survives the loss of its host from
   there on. A target that is lost before the commit ends the migration.
7. **A restarted node has lost its guests.** It says so (\`ready.fresh\`, the event \`guest-lost\`), and knows none of its
   migrations.

## Epochs

Each start of a coordinator takes the next epoch: the line \`opened\`, durable before anybody is welcomed. The epoch is in
every order (\`migration-*\`), in both votes, in \`suspended\`, \`stream-failed\` and \`still-open\`; batches and
acknowledgements belong to the stream socket that carries them, and whoever dials one names the epoch. A node refuses
whatever has a smaller epoch than the greatest it has heard, with \`stale-epoch\`; so a coordinator that slept while another
took its place cannot reach anybody who has heard the other, and the lines which it still writes into the journal are read
past. A coordinator whose journal is another one (it was begun at another instant) is refused as well while a vote is out: it
would call aborted what the lost journal may hold as committed.

Two coordinators that run do not get so far: a journal is locked while it is open, and whoever comes second ends with
\`journal-busy\`. The lock is the kernel's (on \`<journal>.lock\`, an empty file that stays), so it is free as soon as its
holder is dead, however it died, and holds across containers of one machine; a holder that is only stopped keeps it. It is
needed: a node that has not heard the new coordinator obeys the old one, and spin finds two running copies without it. So
where a lock does not reach (a copy of the journal, machines that share one over a network without file locks), make sure
that the old coordinator is dead before another is started; the epochs make the harm less likely there, and do not exclude
it.

## When nobody can tell

Without its coordinator a node that has voted waits for ever. A person may end that, on each node by itself:

    npx skewbed resolve http://127.0.0.1:9001 m1 abort

It is refused for a migration that is not in doubt there. It prints what it risks, and wants \`--yes\` or the name typed.
**Who gives its copy up goes first**: for commit the source, then the target; for abort the target, then the source. The
journal tells which of them is right: \`grep m1\` in it, and look for \`committed\`. If it is gone, nobody knows; then make
sure that the other host is down, or resolve both ends alike.

A coordinator that comes back is told of the decision. Where it would have said the same, nothing happens. Where not, it
writes \`resolved\` into its journal, gives no order about this migration any more, and the history says \`contradicted\`:
the other end may have been told otherwise already, which is what the warning is about.

## How it is proved

- \`e2e/hand-over/every-fault.test.ts\`: the real services in the simulator. Every message and every journal line of a
  migration (the guest stopped first; live through the coordinator; live from node to node) x the message lost, doubled,
  delayed beyond every time-out, each process killed, each link cut or silenced, with the message or right after it, mended
  or not; and then a second fault after the first (a part of these in CI, all with \`SKEWBED_EXHAUSTIVE=1\`). After every
  event: never two running copies, none on the source once the line is durable. In the end: one copy runs if both hosts
  lived, the coordinator is there and the links are healed; otherwise whoever waits has its copy paused and says \`in-doubt\`.
- \`e2e/hand-over/hand-over.pml\`: a model for spin, with the safety and the liveness property; \`e2e/hand-over/check.sh\`.
  Safety holds in 737,550 states, liveness in 867,558.
- Both catch a coordinator that gives its orders before its line is durable. spin also catches nodes that never ask, and a
  second coordinator that starts while the first only sleeps.

All pairs were run on 2026-11-20, a quarter of an hour on two processors, and nothing was found. A test prints the numbers of
its own run; they change a little with every message that is sent sooner or later. A pair counts if its second fault found
its message.

| the guest is moved | messages | journal lines | cases of one fault | of two | of two, in CI |
| --- | --- | --- | --- | --- | --- |
| stopped first | 30 | 3 | 1,332 | 58,698 | 492 |
| live, through the coordinator | 71 | 3 | 2,931 | 149,796 | 549 |
| live, from node to node | 41 | 3 | 1,761 | 84,510 | 529 |

## The tables

A cell says how an order or a person is answered, where that leads (→ **state**), what becomes of the guest, and which
orders go out. \`-\`: nothing.
`;

/** The text of docs/hand-over.md. */
export function handOverPage(): string {
  return [
    INTRODUCTION,
    '### The source\n',
    markdown(sourceTable()),
    '### The target\n',
    markdown(targetTable()),
    '### The coordinator\n',
    "`deciding`: the line is written and not durable yet. `handing-over`: it is durable, and somebody has not answered. The events are the nodes' doings and the coordinator's own time-outs; a node that does, or refuses, what it was told answers the order that is out.\n",
    markdown(coordinatorTable()),
  ].join('\n');
}

function markdown({ columns, rows }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(['', ...columns]), line(['', ...columns].map(() => '---')), ...rows.map(line), ''].join('\n');
}
