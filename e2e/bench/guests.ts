/**
 * What it costs to move many guests at once through one relay, in one direction and in both, and whether they share it
 * fairly: real services, guests that run and write. All of them start to copy at the lowest bandwidth, so that they are
 * under way together; then all limits are lifted at once, and from there the time is taken. A guest's share is what the
 * coordinator carried of its stream between that instant and the first guest's suspend.
 */
import { TRANSFER_BANDWIDTH_MIN } from '@skewbed/proto/limits.ts';
import { PAGE_SIZE } from '@skewbed/proto/records.ts';
import { monotonicNs } from '@skewbed/runtime/live/clock.ts';
import { jainIndex, spreadOf, spreadText, tableText } from './figures.ts';
import { type HostName, otherHost, pause, Services } from './services.ts';

/** Half of it written, and written again all the time: 400 pages a second. */
const GUEST_PAGES = 16_384;
const WRITER_PAGES = GUEST_PAGES / 2;
const WRITER_RATE = 4;
/** Until every one of those pages has been written once. */
const FILL_MS = (WRITER_PAGES / (WRITER_RATE * 100)) * 1000 + 1000;

const PLANS = [
  { guests: 1, directions: 1 },
  { guests: 10, directions: 1 },
  { guests: 10, directions: 2 },
  { guests: 50, directions: 1 },
  { guests: 50, directions: 2 },
] as const;

type Crowd = {
  readonly seconds: number;
  readonly bytes: number;
  readonly shares: readonly number[];
  pausesMs: number[];
};
type Guest = { readonly name: string; host: HostName };

export async function crowds({ rounds }: { readonly rounds: number }, print: (text: string) => void): Promise<void> {
  const rows: string[][] = [];
  for (const { guests, directions } of PLANS) {
    const services = await Services.open();
    try {
      const idle = peaksOf(services, 'nowBytes');
      const all = await populate(services, guests, directions);
      const runs: Crowd[] = [];
      // The first round warms code and memory, and counts for nothing.
      for (let round = -1; round < rounds; round++) {
        const run = await moveAll(services, all, `r${round + 1}`);
        if (round >= 0) runs.push(run);
        process.stderr.write(`${guests} guests, ${directions} ways: round ${round + 1} of ${rounds}\n`);
      }
      await services.audit();
      const peak = peaksOf(services, 'peakBytes');
      rows.push([
        `${guests}, ${directions === 1 ? 'one way' : 'both ways'}`,
        spreadText(spreadOf(runs.map(({ seconds }) => seconds))),
        spreadText(spreadOf(runs.map(({ seconds }) => (seconds * 1000) / guests)), 0),
        spreadText(spreadOf(runs.map(({ seconds, bytes }) => bytes / seconds / 1e9))),
        guests === 1 ? '-' : spreadText(spreadOf(runs.map(({ shares }) => jainIndex(shares))), 3),
        guests === 1 ? '-' : spreadText(spreadOf(runs.map(({ shares }) => Math.max(...shares) / Math.min(...shares)))),
        spreadText(spreadOf(runs.flatMap(({ pausesMs }) => pausesMs)), 0),
        `${idle.coordinator}, ${peak.coordinator}`,
        `${Math.max(idle.a, idle.b)}, ${Math.max(peak.a, peak.b)}`,
      ]);
    } finally {
      await services.close();
    }
  }
  const mib = (GUEST_PAGES * PAGE_SIZE) / 1024 ** 2;
  print(
    `\n### guests at once through one relay: ${mib} MiB each, half of it written, ${WRITER_RATE * 100} pages a second\n`,
  );
  print(
    tableText(
      [
        'guests',
        's in all',
        'ms a guest',
        'GB on the wire a second',
        "Jain's index",
        'most / least',
        'downtime, ms',
        'coordinator MiB: idle, peak',
        'larger node MiB: idle, peak',
      ],
      rows,
    ),
  );
}

async function populate(services: Services, count: number, directions: 1 | 2): Promise<Guest[]> {
  const guests = Array.from(
    { length: count },
    (_, i): Guest => ({ name: `g${i}`, host: i % directions === 0 ? 'a' : 'b' }),
  );
  for (const guest of guests) {
    await services.createGuest({ ...guest, pages: GUEST_PAGES, writerPages: WRITER_PAGES, writerRate: WRITER_RATE });
  }
  await pause(FILL_MS);
  return guests;
}

/** All of them change hosts. */
async function moveAll(services: Services, guests: readonly Guest[], round: string): Promise<Crowd> {
  // A guest that nobody looks at writes when somebody does.
  await services.audit();
  services.forget();
  const nameOf = (guest: Guest): string => `${round}-${guest.name}`;
  const moves = guests.map((guest) =>
    services.migrate(nameOf(guest), { name: guest.name, from: guest.host }, { bandwidth: TRANSFER_BANDWIDTH_MIN }),
  );
  const ended = Promise.all(moves);
  // Whoever fails before that is waited for below.
  ended.catch(() => undefined);
  const carriedByAll = async (): Promise<number[]> => {
    const carried = await services.carried();
    return guests.map((guest) => carried.get(nameOf(guest)) ?? 0);
  };
  while ((await carriedByAll()).includes(0)) await Promise.race([pause(50), ended]);
  const start = monotonicNs();
  const lifted = guests.map((guest) =>
    services.ask('coordinator', { command: 'migrate-set', migration: nameOf(guest), bandwidth: null }),
  );
  await Promise.all(lifted);
  const before = await carriedByAll();
  let shares = before;
  let seconds = Number.NaN;
  const over = ended.then(() => {
    seconds = Number(monotonicNs() - start) / 1e9;
  });
  while (Number.isNaN(seconds)) {
    const carried = await carriedByAll();
    if (services.eventsOf('guest-suspended').length === 0)
      shares = carried.map((bytes, i) => bytes - (before[i] as number));
    await Promise.race([pause(10), over]);
  }
  for (const guest of guests) guest.host = otherHost(guest.host);
  const results = await ended;
  return {
    seconds,
    shares,
    bytes: results.reduce((sum, { bytes }) => sum + bytes, 0) - before.reduce((sum, bytes) => sum + bytes, 0),
    pausesMs: results.map(({ pausedForNs }) => Number(pausedForNs) / 1e6),
  };
}

function peaksOf(services: Services, what: 'nowBytes' | 'peakBytes'): Record<'coordinator' | HostName, number> {
  const of = (who: 'coordinator' | HostName): number => Math.round(services.residence(who)[what] / 1024 ** 2);
  return { coordinator: of('coordinator'), a: of('a'), b: of('b') };
}
