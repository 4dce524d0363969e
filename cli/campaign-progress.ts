/** One line on standard error while a campaign runs: seeds a second, findings, time left. Every 10 s where nobody looks. */
import type { Progress } from '@skewbed/experiments/chaos/campaign.ts';

export type CampaignProgress = { readonly update: (state: Progress) => void; readonly stop: () => void };

const QUIET_EVERY_S = 10;

/** The line as it stands. */
export function progressLine({ done, of, failures, seconds }: Progress): string {
  const rate = seconds > 0 ? done / seconds : 0;
  const left = rate > 0 ? Math.ceil((of - done) / rate) : 0;
  const minutes = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`;
  return `chaos ${done}/${of} seeds, ${rate.toFixed(1)} seeds/s, ${failures} with findings, ${minutes} left`;
}

/** Begins. */
export function campaignProgress(): CampaignProgress {
  const { stderr } = process;
  let told = 0;
  return {
    update: (state) => {
      if (stderr.isTTY) stderr.write(`\r\u001b[2K${progressLine(state)}`);
      else if (state.seconds - told >= QUIET_EVERY_S) {
        told = state.seconds;
        stderr.write(`${progressLine(state)}\n`);
      }
    },
    stop: () => {
      if (stderr.isTTY) stderr.write('\r\u001b[2K');
    },
  };
}
