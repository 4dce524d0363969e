import { loadScenario } from './case-library.ts';
import { jsonText } from './json-text.ts';
import { judge } from './result.ts';
import { runInSim } from './testbeds/sim.ts';
import { DEFAULT_LIMIT_NS, planTrial, varied } from './trial.ts';

const [c, kernel, restore] = process.argv.slice(2);
const s = varied(loadScenario(c!), { ...(kernel && { kernel }), ...(restore && { restore }) });
const plan = planTrial(s, { testbed: 'sim', seed: 1, limitNs: DEFAULT_LIMIT_NS });
const t = process.hrtime.bigint();
const { header, events } = runInSim(plan);
const run = judge(header, events);
console.log(Number(process.hrtime.bigint() - t) / 1e6, 'ms', events.length);
if (process.env.EV)
  for (const e of events) console.log(JSON.stringify(e, (_k, v) => (typeof v === 'bigint' ? String(v) : v)));
console.log(jsonText(run.result).slice(0, 2600), run.reasons, run.outcome);
