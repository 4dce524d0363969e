/**
 * What whole services hold while a guest moves between them: two nodes, the coordinator as their relay, a journal on a
 * disk. Peaks are of whole processes, Node included, in the first move of fresh ones and over four moves to and fro.
 */
import { BATCH_PAGES_MAX, STREAM_CREDIT_BATCHES } from '@skewbed/proto/limits.ts';
import { PAGE_SIZE } from '@skewbed/proto/records.ts';
import { mibOf, tableText } from './figures.ts';
import { type HostName, otherHost, pause, Services } from './services.ts';

const SIZES_MIB = [64, 256, 1024, 4096];
const MOVES = 4;
/** Of the guest's memory, written before it moves; 95 of 100, so that almost nothing is zero. */
const WRITTEN = 0.95;

/** Pages a tick of 10 ms, 100 MB/s: a third of what a writer of the model can do on one processor. */
const WRITER_RATE = 256;

const CREDIT_MIB = (STREAM_CREDIT_BATCHES * BATCH_PAGES_MAX * PAGE_SIZE) / 1024 ** 2;

export async function memories(print: (text: string) => void): Promise<void> {
  const rows: string[][] = [];
  // The first start after a change of the code compiles it, and keeps that on disk.
  await (await Services.open({ frames: 256 })).close();
  for (const mib of SIZES_MIB) rows.push(await rowOf(mib));
  print(`\n### memory of whole services: a guest of which ${WRITTEN * 100} % are written, live, ${MOVES} moves\n`);
  print(
    tableText(
      [
        'guest',
        '1.1 guest + 100',
        'source MiB: idle, first move',
        'target MiB: idle, first move',
        'larger node, all moves',
        '64 + credit',
        'coordinator MiB: idle, first move, all moves',
      ],
      rows,
    ),
  );
}

async function rowOf(mib: number): Promise<string[]> {
  const frames = (mib * 1024 ** 2) / PAGE_SIZE;
  // A host needs a frame beside its guest's: of the largest host the guest gets a little less.
  const pages = frames - 16;
  const services = await Services.open({ frames });
  const peaks = () =>
    (['a', 'b', 'coordinator'] as const).map((who) => services.residence(who).peakBytes) as [number, number, number];
  const idle = peaks();
  const writerPages = Math.floor(pages * WRITTEN);
  await services.createGuest({ name: 'guest', host: 'a', pages, writerPages, writerRate: WRITER_RATE });
  // A guest that nobody asks for anything does what it had to do later, all at once.
  const event = { type: 'observe', domain: 'guest' } as const;
  for (let ticks = 0; ticks < writerPages / WRITER_RATE + 100; ticks += 50) {
    await pause(500);
    await services.ask('a', { command: 'step', at: null, event });
  }
  let from: HostName = 'a';
  const move = async (nth: number): Promise<void> => {
    const precopy = { policy: 'fixed-rounds', rounds: 2 } as const;
    await services.migrate(`move-${nth}`, { name: 'guest', from }, { precopy });
    from = otherHost(from);
    // A node gives back what a guest has left behind within a second.
    await pause(2000);
  };
  await move(1);
  const first = peaks();
  for (let nth = 2; nth <= MOVES; nth++) await move(nth);
  const all = peaks();
  await services.audit();
  await services.close();
  return [
    `${mib} MiB`,
    mibOf((1.1 * mib + 100) * 1024 ** 2),
    `${mibOf(idle[0])}, ${mibOf(first[0])}`,
    `${mibOf(idle[1])}, ${mibOf(first[1])}`,
    mibOf(Math.max(all[0], all[1])),
    `${64 + CREDIT_MIB}`,
    `${mibOf(idle[2])}, ${mibOf(first[2])}, ${mibOf(all[2])}`,
  ];
}
