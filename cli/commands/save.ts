/** skewbed save: the guest of a scenario, suspended at the scenario's stop in the simulator, as a save file of Xen's. */
import { loadScenario } from '@skewbed/experiments/case-library.ts';
import { EXIT } from '@skewbed/experiments/checkers/expect.ts';
import { jsonText } from '@skewbed/experiments/json-text.ts';
import { writeSaveFile } from '@skewbed/experiments/save-files/file-input.ts';
import { saveGuest } from '@skewbed/experiments/save-files/save.ts';
import { DEFAULT_LIMIT_NS, planTrial, varied } from '@skewbed/experiments/trial.ts';
import { saveFileBytes } from '@skewbed/proto/libxc/save-file-writer.ts';
import { secondsOf } from '@skewbed/proto/units.ts';
import { say } from '../terminal.ts';

export type SaveOptions = { readonly kernel?: string; readonly seed: number; readonly json?: true };

/** Saves to `file`. */
export function save(what: string, file: string, { kernel, seed, json }: SaveOptions): number {
  const scenario = varied(loadScenario(what), kernel === undefined ? {} : { kernel });
  const saved = saveGuest(planTrial(scenario, { testbed: 'sim', seed, limitNs: DEFAULT_LIMIT_NS }));
  const bytes = writeSaveFile(file, saveFileBytes(saved.items));
  const { domain, kernel: runs, pages, digest } = saved;
  if (json) {
    const clocks = { wallNs: `${saved.wallNs}`, uptimeNs: `${saved.uptimeNs}` };
    process.stdout.write(
      jsonText({ schema: 1, file, bytes, scenario: scenario.scenario, domain, kernel: runs, pages, clocks, digest }),
    );
  } else {
    say(`${file}: ${bytes} bytes, guest ${domain} with kernel ${runs} and ${pages} pages`);
    say(
      `suspended at uptime ${secondsOf(saved.uptimeNs)} s, when its host's wall showed ${new Date(Number(saved.wallNs / 1_000_000n)).toISOString()}`,
    );
    say(`memory ${digest.sha256}`);
  }
  return EXIT.pass;
}
