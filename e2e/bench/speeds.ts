/** How much of a guest's memory a second moves, by pattern and way; ratios to QEMU, to bare sockets and to socat. */
import { PAGE_SIZE } from '@skewbed/proto/records.ts';
import { ratiosOf, type Spread, spreadOf, spreadText, tableText } from './figures.ts';
import { isZeroPage, type Pattern } from './guest-memory.ts';
import { pagesWire, type Run, Trio } from './peers.ts';
import { migrateQemu, QemuMemory, socat } from './qemu.ts';

export type SpeedPlan = {
  readonly pages: number;
  readonly rounds: number;
  readonly patterns: readonly Pattern[];
  readonly peers: { readonly qemu: boolean; readonly socat: boolean };
};

type Way = {
  readonly name: string;
  /** The way that it is compared with, by name. */
  readonly against: string | null;
  run(): Promise<Pick<Run, 'seconds' | 'allCpuSeconds'> & Partial<Run>>;
};

/** Prints a table for each pattern. */
export async function speeds(plan: SpeedPlan, print: (text: string) => void): Promise<void> {
  const trio = new Trio();
  await trio.memory(plan.pages);
  const memory = plan.peers.qemu ? new QemuMemory(plan.pages) : null;
  try {
    for (const pattern of plan.patterns) {
      await trio.source.tell({ order: 'fill', pattern });
      memory?.fill(pattern);
      await onePattern(plan, pattern, waysOf(plan, pattern, trio, memory), trio, print);
    }
  } finally {
    memory?.remove();
    trio.end();
  }
}

function waysOf({ pages, peers }: SpeedPlan, pattern: Pattern, trio: Trio, memory: QemuMemory | null): Way[] {
  let present = 0;
  for (let pfn = 0; pfn < pages; pfn++) if (!isZeroPage(pattern, pfn, pages)) present++;
  const bytes = present * PAGE_SIZE;
  const ways: Way[] = [];
  const add = (name: string, against: string | null, run: Way['run']): void => {
    ways.push({ name, against, run });
  };
  if (memory !== null) add('QEMU tcp', null, () => migrateQemu(memory, null));
  if (memory !== null && peers.socat) {
    add('QEMU tcp, socat', null, () => migrateQemu(memory, socat));
  }
  add('direct, xxh3', 'QEMU tcp', () => trio.run(pagesWire('xxh3'), 'direct'));
  add('direct, no checksum', 'QEMU tcp', () => trio.run(pagesWire('none'), 'direct'));
  add('direct, crc32', 'QEMU tcp', () => trio.run(pagesWire('crc32'), 'direct'));
  add('relay, xxh3', 'QEMU tcp, socat', () => trio.run(pagesWire('xxh3'), 'relay'));
  add('relay, no checksum', 'QEMU tcp, socat', () => trio.run(pagesWire('none'), 'relay'));
  if (bytes > 0) {
    add('bare TCP, same bytes', 'direct, no checksum', () => trio.run({ wire: 'tcp', bytes }, 'direct'));
    add('package ws, same bytes', 'direct, no checksum', () => trio.run({ wire: 'ws', bytes }, 'direct'));
    if (peers.socat) add('bare TCP, socat', 'relay, no checksum', () => trio.run({ wire: 'tcp', bytes }, socat));
  }
  return ways;
}

async function onePattern(
  plan: SpeedPlan,
  pattern: Pattern,
  ways: readonly Way[],
  trio: Trio,
  print: (text: string) => void,
) {
  const runs = new Map<string, Partial<Run>[]>(ways.map(({ name }) => [name, []]));
  // The first round warms code and sockets, and counts for nothing.
  for (let round = -1; round < plan.rounds; round++) {
    for (const { name, run } of ways) {
      const result = await run();
      if (round >= 0) runs.get(name)?.push(result);
    }
    process.stderr.write(`${pattern}: round ${round + 1} of ${plan.rounds}\n`);
  }
  await trio.compare();
  const gigabytes = (plan.pages * PAGE_SIZE) / 1e9;
  const speedsOf = (name: string): number[] =>
    (runs.get(name) ?? []).map(({ seconds }) => gigabytes / (seconds as number));
  const cpuOf = (name: string): number[] =>
    (runs.get(name) ?? []).map(({ allCpuSeconds }) => (allCpuSeconds as number) / gigabytes);
  const against = (spread: Spread | null, other: string | null): string =>
    spread === null || other === null ? '-' : `${spreadText(spread)} of ${other}`;
  const rows = ways.map(({ name, against: other }) => {
    const base = other !== null && runs.has(other) ? other : null;
    // socat in front of a bare socket is not among the processes that are asked.
    const cpu = name === 'bare TCP, socat' ? [] : cpuOf(name);
    return [
      name,
      spreadText(spreadOf(speedsOf(name))),
      against(base === null ? null : ratiosOf(speedsOf(name), speedsOf(base)), base),
      spreadText(spreadOf(cpu)),
      against(base === null ? null : ratiosOf(cpu, cpuOf(base)), base),
    ];
  });
  print(`\n### ${pattern}: ${Math.round(gigabytes * 1000)} MB, ${plan.rounds} rounds\n`);
  print(tableText(['way', 'GB of guest memory a second', 'ratio', 'processor s a GB, all processes', 'ratio'], rows));
}
