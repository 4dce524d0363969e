/**
 * How long a guest stands still in a live migration through the relay, all of it: the last pass, both digests and votes,
 * the journal's line with its fsync, the order to start. Real services, an idle guest at first: the first shot of fresh
 * processes, then those that follow; and then a guest that writes, whose downtime can be foretold: what is dirty at the
 * suspend by the bandwidth of the pass before, and what a hand-over costs the idle guest.
 */
import { figure, type Spread, spreadOf, spreadText, tableText } from './figures.ts';
import { QemuMemory, qemuDowntime, socat } from './qemu.ts';
import { type BenchGuest, type HostName, otherHost, pause, Services } from './services.ts';

const PARTS = ['stream', 'compare', 'commit', 'start'] as const;
type Part = (typeof PARTS)[number];
type Shot = {
  readonly ms: number;
  readonly parts: Readonly<Record<Part, number>>;
  /** What was dirty at the suspend would take so long at the bandwidth of the last pass. */
  readonly expectedMs: number;
  readonly dirtyPages: number;
};

const SHOTS = 8;
const IDLE: BenchGuest = { name: 'idle', host: 'a', pages: 16_384 };
/** 32,000 pages a second, 131 MB. */
const WRITING: BenchGuest = { name: 'writing', host: 'a', pages: 16_384, writerPages: 8_192, writerRate: 320 };
/** One over everything, and one over what was written meanwhile: by that one the last pass can be foretold. */
const WRITING_ROUNDS = 2;
/** Until it has written everything once. */
const FILL_MS = 2000;

export type DowntimePlan = {
  readonly rounds: number;
  readonly peers: { readonly qemu: boolean; readonly socat: boolean };
};

export async function downtimes({ rounds, peers }: DowntimePlan, print: (text: string) => void): Promise<void> {
  const first: Shot[] = [];
  const later: Shot[] = [];
  const writing: Shot[] = [];
  const ratios: number[] = [];
  const qemu: { readonly eventsMs: number; readonly toldMs: number }[] = [];
  const memory = peers.qemu ? new QemuMemory(IDLE.pages) : null;
  memory?.fill('zero');
  for (let round = 0; round < rounds; round++) {
    const services = await Services.open();
    try {
      const idle = await shots(services, IDLE, `i${round}`, SHOTS);
      first.push(...idle.slice(0, 1));
      later.push(...idle.slice(1));
      // The passes of the first shots are slow, and so would be what is foretold.
      const written = (await shots(services, WRITING, `w${round}`, SHOTS)).slice(2);
      writing.push(...written);
      const handOverMs = spreadOf(idle.slice(1).map(({ ms }) => ms))?.median ?? 0;
      ratios.push(...written.map(({ ms, expectedMs }) => ms / (expectedMs + handOverMs)));
      await services.audit();
    } finally {
      await services.close();
    }
    if (memory !== null && peers.socat) qemu.push(await qemuDowntime(memory, socat));
    process.stderr.write(`downtime: round ${round + 1} of ${rounds}\n`);
  }
  memory?.remove();
  print('\n### downtime of a 64 MiB guest, live through the relay, ms\n');
  const row = (what: string, of: readonly Shot[]): string[] => [
    what,
    spreadText(msOf(of), 1),
    figure(middleShot(of).ms, 1),
    ...PARTS.map((part) => figure(middleShot(of).parts[part], 1)),
  ];
  const rows = [
    row(`idle, first shot of ${rounds} fresh sets`, first),
    row(`idle, the ${later.length} after that`, later),
    row(
      `writing, ${writing.length} shots, ${spreadText(spreadOf(writing.map((shot) => shot.dirtyPages)), 0)} pages`,
      writing,
    ),
  ];
  print(
    tableText(
      ['guest', 'from suspend to start', 'one in the middle', ...PARTS.map((part) => `its part ${part}`)],
      rows,
    ),
  );
  const expected = spreadOf(writing.map(({ expectedMs }) => expectedMs));
  print(
    `\nForetold for the writing guest: ${spreadText(expected, 1)} ms for its pages, and a hand-over of the idle guest. Measured / foretold: ${spreadText(spreadOf(ratios))}.`,
  );
  if (qemu.length > 0) {
    const stopToResume = spreadText(spreadOf(qemu.map(({ eventsMs }) => eventsMs)), 1);
    const told = spreadText(spreadOf(qemu.map(({ toldMs }) => toldMs)), 1);
    print(
      `\nQEMU, a guest in its firmware, through socat, in the same rounds: ${stopToResume} ms from STOP to RESUME; its own count says ${told} ms.`,
    );
  }
}

/** Moves the guest to and fro. */
async function shots(services: Services, guest: BenchGuest, name: string, count: number): Promise<Shot[]> {
  await services.createGuest(guest);
  await pause(guest === IDLE ? 300 : FILL_MS);
  await services.audit();
  const found: Shot[] = [];
  let from: HostName = guest.host;
  for (let i = 0; i < count; i++) {
    services.forget();
    const precopy =
      guest === IDLE ? ({ policy: 'xen' } as const) : ({ policy: 'fixed-rounds', rounds: WRITING_ROUNDS } as const);
    const { pausedForNs } = await services.migrate(`${name}-${i}`, { name: guest.name, from }, { precopy });
    found.push(shotOf(services, Number(pausedForNs) / 1e6));
    from = otherHost(from);
    // Longer than a pause of the garbage collector that the last one may have left behind.
    await pause(200);
  }
  return found;
}

function shotOf(services: Services, ms: number): Shot {
  const told = services.eventsOf('downtime-part');
  const msOfPart = (name: Part): number => {
    const part = told.find((each) => each.part === name);
    return part === undefined ? Number.NaN : Number(part.loNs + part.hiNs) / 2e6;
  };
  const parts = {
    stream: msOfPart('stream'),
    compare: msOfPart('compare'),
    commit: msOfPart('commit'),
    start: msOfPart('start'),
  };
  const last = services.eventsOf('migration-progress').findLast(({ status }) => status === 'device');
  const dirtyPages = (last?.remaining ?? Number.NaN) / 4096;
  return { ms, parts, dirtyPages, expectedMs: Number(last?.expectedDowntimeNs ?? Number.NaN) / 1e6 };
}

const msOf = (of: readonly Shot[]): Spread | null => spreadOf(of.map(({ ms }) => ms));

/** The one in the middle: parts of different shots would not add up. */
function middleShot(of: readonly Shot[]): Shot {
  return of.toSorted((one, other) => one.ms - other.ms)[of.length >> 1] as Shot;
}
