/**
 * What a campaign leaves: result.json, junit.xml and report.html, and for each failure that was shrunk a folder of its own
 * with history, journal and page of the smallest run that still fails. All of it can be made again from result.json.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { jsonText } from '../json-text.ts';
import { type CampaignResult, type Failure, readCampaign } from './campaign-result.ts';
import { campaignJunit } from './campaign-text.ts';
import { keptRun, writeKeptRun } from './kept-run.ts';
import { codesIn, readReplayCode } from './replay-code.ts';
import { renderCampaign } from './report/campaign-page.ts';
import { judgedRun } from './verdict.ts';

/** Failures whose smallest run is kept: as many as are shrunk where nobody says how many. */
const KEPT_MAX = 20;
const SEEDS = 'seeds';

/** Writes the folder, and gives it. */
export function writeCampaign(folder: string, result: CampaignResult): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'result.json'), jsonText(result));
  writeFileSync(join(folder, 'junit.xml'), campaignJunit(result));
  // Of a campaign that was here before.
  rmSync(join(folder, SEEDS), { recursive: true, force: true });
  const pages = new Map<number, string>();
  for (const failure of result.failures.filter(({ shrunk }) => shrunk !== null).slice(0, KEPT_MAX)) {
    if (!keepFailure(join(folder, SEEDS, String(failure.seed)), failure)) continue;
    pages.set(failure.seed, `${SEEDS}/${failure.seed}/report.html`);
  }
  writeFileSync(join(folder, 'report.html'), renderCampaign(result, pages));
}

/**
 * Writes histories.txt: a line for each seed with the hash of its history, so that two machines can see where they differ
 * when their sums do. Null takes away what a campaign before has left.
 */
export function writeHistories(
  folder: string,
  seeds: readonly { readonly seed: number; readonly hash: string }[] | null,
): void {
  const file = join(folder, 'histories.txt');
  if (seeds === null) {
    rmSync(file, { force: true });
    return;
  }
  const lines = seeds.toSorted((a, b) => a.seed - b.seed).map(({ seed, hash }) => `${seed} ${hash}\n`);
  writeFileSync(file, lines.join(''));
}

/** Reads the result of a campaign from its folder, or from the file itself. */
export function readCampaignFile(what: string): CampaignResult {
  const file = what.endsWith('.json') ? what : join(what, 'result.json');
  try {
    return readCampaign(JSON.parse(readFileSync(file, 'utf8')), file);
  } catch (error) {
    if (error instanceof SkewbedError) throw error;
    const cause = error instanceof Error ? error.message : String(error);
    throw new SkewbedError(
      'bad-argument',
      `${file} cannot be read (${cause}); give what skewbed chaos --json printed`,
      file,
    );
  }
}

/** Whether a folder is one of a campaign. */
export function isCampaignFolder(folder: string): boolean {
  if (existsSync(join(folder, 'history.jsonl')) || !existsSync(join(folder, 'result.json'))) return false;
  return readFileSync(join(folder, 'result.json'), 'utf8').includes('"kind": "chaos"');
}

/** Runs a failure again and keeps it. False where that cannot be done here, as for a run on real nodes. */
function keepFailure(folder: string, { replay, checker }: Failure): boolean {
  const [code] = codesIn(replay);
  if (code === undefined || /--on (?!sim)/.test(replay)) return false;
  const { run, verdict } = judgedRun(readReplayCode(code), checker === 'determinism' ? 'twice' : 'once');
  writeKeptRun(folder, keptRun(run, verdict.violations));
  return true;
}
