/**
 * The part of docs/chaos.md about real nodes: which fault is done how, and where the simulator and reality were seen to
 * differ. Nothing is in the second table that nobody has seen; where a test holds a line, it says so.
 */
import { SHORT_MOVE_LIMIT_MS, SHORT_QUIET_MS } from '../short-schedule.ts';

type Doing = { readonly fault: string; readonly processes: string; readonly containers: string };

const DOINGS: readonly Doing[] = [
  {
    fault: 'all of clocks',
    processes:
      'as in the simulator: events for the host of the model, handed over ahead of time, read back to the nanosecond',
    containers: 'the same; not with `compose.os-clock.yaml`, whose clocks nobody orders',
  },
  {
    fault: 'shaping',
    processes: 'the fault proxy; read back: how long each piece really took',
    containers: '-',
  },
  {
    fault: 'cut',
    processes:
      'the proxy resets what is open and turns dials away, at an instant, byte, message or phase; read back: nothing came through',
    containers: '`docker network disconnect`, at an instant only; read back: the networks that it is in',
  },
  { fault: 'stall', processes: 'the proxy holds everything, ends of connections too', containers: '-' },
  { fault: 'corruption', processes: 'the proxy changes a bit of a batch', containers: '-' },
  {
    fault: 'crash',
    processes:
      'SIGKILL, at any message too, and started again: a coordinator with its journal, a node as a machine that has just booted; read back: the signal it died of',
    containers: '`docker kill --signal KILL` and `docker start`, at an instant only; read back: exit code 137',
  },
  {
    fault: 'pause',
    processes: 'SIGSTOP and SIGCONT; read back: the state in /proc',
    containers: '`docker pause`; read back: the engine says paused',
  },
  {
    fault: 'slow-host',
    processes:
      'SIGSTOP for as long as timers shall be late, again and again, with 25 ms between: the whole process stands, not its timers alone',
    containers: '-',
  },
];

type Difference = { readonly of: string; readonly simulator: string; readonly reality: string; readonly seen: string };

const PROCESSES_TEST = '`real/processes.test.ts` holds it';
const CONTAINERS_TEST = '`e2e/containers/chaos.test.ts` holds it';

const DIFFERENCES: readonly Difference[] = [
  {
    of: 'a quiet link',
    simulator: 'nothing passes: clocks are true, nobody asks for the time',
    reality:
      'each node asks each second, and there are pings: shaping of an idle link is confirmed and not inconclusive, and a cut or crash at the n-th message or byte strikes sooner',
    seen: PROCESSES_TEST,
  },
  {
    of: 'a link that is silent for 25 s',
    simulator: 'both sides give up 15 s after it fell silent',
    reality: 'each gives up at a beat of its own keep-alive, after 15 to 20 s: 16.6 s and 17.4 s',
    seen: 'two runs',
  },
  {
    of: 'a node that stands for 25 s',
    simulator: 'keeps its connections, and goes on with what waited',
    reality:
      'its coordinator has given it up meanwhile; when it goes on it finds its socket closed and dials again. The outcome was the same',
    seen: 'one run',
  },
  {
    of: 'two moves at one time',
    simulator: 'messages of one instant in the order of the queue',
    reality:
      'another order: a fault at the next commit or the next batch struck the other move, and the two ended the other way round',
    seen: 'seeds 9 and 23',
  },
  {
    of: 'processor time',
    simulator: 'takes no time: a guest of 10,240 pages was over in 6.4 s, through a stall of 3.5 s',
    reality:
      'zero pages came at 8 to 15 MB/s on a busy machine, and the same move was given up at its limit of 8 s; a pre-copy of a megabyte took 0.5 s, and a move of the same guest right behind it never began',
    seen: 'seeds 26 and 60',
  },
  {
    of: 'a slow host',
    simulator:
      'its timers are late, and messages are answered at once: the suspend came 0.5 s late, and the move was well',
    reality:
      'it stands, and an order waits as well: its instant had passed when it was read, and the move was aborted as late',
    seen: 'seed 74',
  },
  {
    of: 'a process that is started again',
    simulator: 'is there at once',
    reality:
      'a coordinator was back after 1.4 s, a node after 2.2 s, containers after 3 to 5 s on a busy machine; a move that is asked for in between never begins',
    seen: 'seed 23, and a run each',
  },
  {
    of: 'the last events of a node',
    simulator: 'are heard whatever becomes of it',
    reality:
      'what it had gathered (up to 20 ms) dies with it, and what it wrote into a socket that closes may be lost: the history says from when to when, and checkers find nothing there',
    seen: PROCESSES_TEST,
  },
  {
    of: 'a crash at a message',
    simulator: 'the process does nothing after that message',
    reality:
      'the proxy sees the message when it has left, and the process lives until the signal is there; what it says meanwhile goes nowhere',
    seen: 'by construction',
  },
  {
    of: 'a cut of 1.5 s between containers',
    simulator: 'breaks every connection at once, on both sides',
    reality:
      'is a silence: nobody is told, the container came back with its address, its connections went on, and the move after it was well. Should one come back with another address, both sides would wait for their keep-alive: therefore the quiet at the end is 45 s there',
    seen: 'one run',
  },
  {
    of: 'faults between containers',
    simulator: 'all of them',
    reality:
      'nothing of ours lies between containers: shaping, stall, corruption, slow-host, and whatever strikes at a message, are told as not done',
    seen: CONTAINERS_TEST,
  },
];

/** The sections, as they stand in docs/chaos.md. */
export function realPage(): string {
  return `## Real nodes

\`\`\`sh
npx skewbed chaos --on processes --seeds 5         # a coordinator and a node process for each host, real sockets
npx skewbed replay sb1.7VZt... --on processes      # the same code as for the simulator
SKEWBED_TOKEN=$(docker compose exec -T coordinator cat /run/skewbed/token) npx skewbed chaos --on containers
\`\`\`

The same schedules, steering and checkers; only the bed is another. A second takes a second there, so schedules are short: everything begins within 4 to 9 s, at most three moves of at most ${SHORT_MOVE_LIMIT_MS / 1000} s each, two to five faults of at most 3.5 s (a few silences of 22 s, to outlast the keep-alive), then ${SHORT_QUIET_MS / 1000} s of quiet. Limits and quiet are part of the schedule and of its code; in the simulator 1,500 such seeds found nothing, so the quiet is long enough. A seed takes about 40 s; \`--workers 2\` runs two testbeds at once. Nothing is run twice or shrunk, for no two real runs are alike; each is kept in \`runs/chaos/processes-seed-N/\`, and each is also run in the simulator, and where the two came to different ends is told. Exit codes as above; 2 also when no fault could be confirmed.

On processes a proxy of ours, on loopback, is in front of every process: it reads the frames of each connection, so that it knows messages and phases, and it does to bytes what the simulator's links do. It does so for the coordinator as for the streams from node to node. On containers the engine does what it can; a fault that does not exist is told as not done. \`^C\` ends every process, also those that stand still.

| fault | on processes | on containers |
| --- | --- | --- |
${DOINGS.map(({ fault, processes, containers }) => `| ${fault} | ${processes} | ${containers} |`).join('\n')}

What nobody heard is no finding. From the last event that a node sent until its socket closed its history may have a gap, which the history itself names (\`events-missing\`). In it two copies are two only if the first shows itself running after the second has started; a commit whose taking may have been missed, or a guest that may have started unheard, is left alone; freezes are judged until the gap. Every run says what was not judged. On containers, where events come through the coordinator alone, gaps are longer.

## Simulator and reality

Seeds 1 to 16, 20 to 35 and 42 to 81, and 200 to 209 with seven faults each, were run on processes, on two processors that were busy with other things (up to 20 processes waiting): none had a finding, and 20 of the 82 came to some other end than in the simulator. This is why, with what was seen on containers in a few runs.

| of | in the simulator | on real nodes | seen |
| --- | --- | --- | --- |
${DIFFERENCES.map(({ of, simulator, reality, seen }) => `| ${of} | ${simulator} | ${reality} | ${seen} |`).join('\n')}
`;
}
