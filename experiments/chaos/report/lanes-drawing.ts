/**
 * Draws the lanes of a chaos run as one SVG, without a script: colours are classes of chaos.css, and every mark has a
 * title that says what it is. Guests keep their row within a lane, so that a move is a line from row to row.
 */
import { type Html, html, nothing } from '../../report/html.ts';
import type { Lane, LaneFault, LaneMove, Lanes, LaneViolation } from './lanes.ts';

const WIDTH = 1000;
const LEFT = 92;
const RIGHT = 14;
const TOP = 26;
const ROW = 15;
const GAP = 4;
const FAULT_ROW = 15;
const LANE_GAP = 12;
const AXIS = 26;

type Frame = {
  readonly guests: readonly string[];
  /** Where a lane begins, and how many rows of faults it has. */
  readonly lanes: ReadonlyMap<string, { readonly top: number; readonly height: number }>;
  readonly rows: ReadonlyMap<number, number>;
  readonly height: number;
  readonly x: (ms: number) => number;
  readonly y: (lane: string, guest: string) => number;
};

/** The picture. `guests` in the order of the schedule. */
export function drawLanes(lanes: Lanes, guests: readonly string[]): Html {
  const frame = frameOf(lanes, guests);
  const { height, x } = frame;
  const bottom = height - AXIS;
  return html`<svg class="lanes" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Guests, moves, faults and violations over time">
${ticksOf(lanes.toMs).map((ms) => {
  const at = x(ms).toFixed(1);
  return html`<line class="grid" x1="${at}" x2="${at}" y1="${TOP}" y2="${bottom}"/><text class="tick" x="${at}" y="${bottom + 16}">${ms / 1000} s</text>\n`;
})}
${lanes.lanes.map((lane) => drawLane(lane, frame))}
${lanes.moves.map((move) => drawMove(move, frame))}
${lanes.violations.map((violation) => drawViolation(violation, frame))}
</svg>`;
}

function frameOf({ lanes, toMs }: Lanes, guests: readonly string[]): Frame {
  const rows = new Map<number, number>();
  const places = new Map<string, { top: number; height: number }>();
  const x = (ms: number): number => LEFT + ((WIDTH - LEFT - RIGHT) * Math.min(ms, toMs)) / Math.max(toMs, 1);
  let top = TOP;
  for (const lane of lanes) {
    const faultRows = placeFaults(lane.faults, { rows, x });
    const guestRows = lane.name === 'coordinator' ? 0 : guests.length;
    const height = guestRows * (ROW + GAP) + Math.max(1, faultRows) * FAULT_ROW + 2 * GAP;
    places.set(lane.name, { top, height });
    top += height + LANE_GAP;
  }
  const y = (lane: string, guest: string): number =>
    (places.get(lane)?.top ?? TOP) + GAP + Math.max(0, guests.indexOf(guest)) * (ROW + GAP);
  return { guests, lanes: places, rows, height: top + AXIS, x, y };
}

/** Faults that overlap get rows of their own. Gives how many rows there are. */
function placeFaults(
  faults: readonly LaneFault[],
  { rows, x }: { readonly rows: Map<number, number>; readonly x: (ms: number) => number },
): number {
  const ends: number[] = [];
  for (const { number, fromMs, toMs } of faults) {
    const free = ends.findIndex((end) => end <= x(fromMs));
    const row = free < 0 ? ends.length : free;
    // Room for its name, too.
    ends[row] = Math.max(x(toMs), x(fromMs) + 62) + 4;
    rows.set(number, row);
  }
  return ends.length;
}

function drawLane({ name, bars, dead, faults }: Lane, { guests, lanes, rows, x, y }: Frame): Html {
  const { top, height } = lanes.get(name) ?? { top: 0, height: 0 };
  const faultTop =
    top + height - GAP - FAULT_ROW * Math.max(1, ...faults.map(({ number }) => (rows.get(number) ?? 0) + 1));
  return html`<rect class="lane" x="${LEFT}" y="${top}" width="${WIDTH - LEFT - RIGHT}" height="${height}" rx="4"/>
<text class="lane-name" x="${LEFT - 10}" y="${top + 16}">${name === 'coordinator' ? name : `host ${name}`}</text>
${dead.map(({ fromMs, toMs }) => {
  const width = Math.max(2, x(toMs) - x(fromMs)).toFixed(1);
  return html`<rect class="dead" x="${x(fromMs).toFixed(1)}" y="${top}" width="${width}" height="${height}"><title>the machine is dead from ${seconds(fromMs)} to ${seconds(toMs)}</title></rect>\n`;
})}
${bars.map(({ guest, fromMs, toMs }) => {
  const [left, right] = [x(fromMs), x(toMs)];
  const width = Math.max(1.5, right - left);
  const at = y(name, guest);
  const label =
    width > 7 * guest.length + 10
      ? html`<text class="guest-name" x="${(left + 6).toFixed(1)}" y="${at + 11.5}">${guest}</text>`
      : nothing;
  return html`<rect class="guest g${guests.indexOf(guest) % 4}" x="${left.toFixed(1)}" y="${at}" width="${width.toFixed(1)}" height="${ROW}" rx="3"><title>${guest} runs on ${name} from ${seconds(fromMs)} to ${seconds(toMs)}</title></rect>${label}\n`;
})}
${faults.map((each) => drawFault(each, { left: x(each.fromMs), right: x(each.toMs), top: faultTop + FAULT_ROW * (rows.get(each.number) ?? 0) }))}`;
}

function drawFault(
  { number, fault, outcome, detail, fromMs }: LaneFault,
  { left, right, top }: { readonly left: number; readonly right: number; readonly top: number },
): Html {
  const width = Math.max(3, right - left);
  return html`<g class="fault ${outcome ?? 'unsaid'}"><title>${number}: ${fault.kind} at ${seconds(fromMs)}, ${outcome ?? 'not read back'}: ${detail}</title><rect x="${left.toFixed(1)}" y="${top + 1}" width="${width.toFixed(1)}" height="${FAULT_ROW - 3}" rx="2"/><text x="${(left + 5).toFixed(1)}" y="${top + 10.5}">${number} ${fault.kind}</text></g>\n`;
}

/** A move that worked: from the stop on one host to the start on the other. One that did not: a cross where it stopped. */
function drawMove({ migration, guest, from, to, stoppedMs, ranMs, ended }: LaneMove, { guests, x, y }: Frame): Html {
  if (from === null || stoppedMs === null) return nothing;
  const title = html`<title>${migration}: ${guest} from ${from} to ${to}: ${ended}</title>`;
  const [x0, y0] = [x(stoppedMs), y(from, guest) + ROW / 2];
  if (ranMs === null)
    return html`<g class="aborted">${title}<path d="M${(x0 - 4).toFixed(1)} ${y0 - 4}l8 8m0 -8l-8 8"/></g>\n`;
  const [x1, y1] = [x(ranMs), y(to, guest) + ROW / 2];
  const label = `${migration}`;
  return html`<g class="move g${guests.indexOf(guest) % 4}">${title}<line x1="${x0.toFixed(1)}" y1="${y0}" x2="${x1.toFixed(1)}" y2="${y1}"/><circle cx="${x1.toFixed(1)}" cy="${y1}" r="3.5"/><text x="${((x0 + x1) / 2 + 6).toFixed(1)}" y="${((y0 + y1) / 2 + 4).toFixed(1)}">${label}</text></g>\n`;
}

function drawViolation({ number, atMs, checker, what }: LaneViolation, { x, height }: Frame): Html {
  const at = x(atMs);
  // The flag stays within the picture at its right end.
  const flag = at > WIDTH - RIGHT - 22 ? at - 20 : at;
  return html`<g class="violation"><title>${number}: ${checker}: ${what}</title><line x1="${at.toFixed(1)}" x2="${at.toFixed(1)}" y1="6" y2="${height - AXIS}"/><rect x="${flag.toFixed(1)}" y="4" width="20" height="15" rx="3"/><text x="${(flag + 10).toFixed(1)}" y="15">${number}</text></g>\n`;
}

/** Round instants, at most twelve of them. */
function ticksOf(toMs: number): readonly number[] {
  const steps = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600].map((each) => each * 1000);
  const step = steps.find((each) => toMs / each <= 12) ?? 3_600_000;
  return Array.from({ length: Math.floor(toMs / step) + 1 }, (_, index) => index * step);
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(3)} s`;
