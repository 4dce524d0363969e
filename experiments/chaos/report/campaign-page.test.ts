import { describe, expect, it } from 'vitest';
import type { CampaignResult } from '../campaign-result.ts';
import { renderCampaign } from './campaign-page.ts';

const NOTHING: CampaignResult = {
  schema: 1,
  kind: 'chaos',
  first: 1,
  of: 1000,
  seeds: 1000,
  shard: '0/1',
  kernel: null,
  faults: null,
  find: null,
  canary: null,
  checkDeterminism: 5,
  twice: 50,
  failures: [],
  tally: { 'move running': 2000, 'date confirmed': 700, 'date inconclusive': 3 },
  historiesSum: 'ab'.repeat(32),
  seconds: 30,
  simulatedSeconds: 200_000,
};
const FAILURE = {
  seed: 12,
  checker: 'copies',
  at: 5,
  what: 'red runs on a and on <b> at once',
  also: ['journal: a took m1'],
  history: 'cd'.repeat(32),
  shrunk: { faults: 1, moves: 1, guests: 1, hosts: 2, runs: 40 },
  thresholds: [{ of: 'step of fault 0 (date)', clock: 'wall' as const, value: -45, unit: 'ms' as const }],
  replay: 'npx skewbed replay sb1.abcdefghijklmnopqrst',
};
const page = (differences: Partial<CampaignResult>, pages: [number, string][] = []) =>
  renderCampaign({ ...NOTHING, ...differences }, new Map(pages));

describe('the page of a campaign', () => {
  it('says that nothing was found, and how much was tried', () => {
    const calm = page({});
    expect(calm).toContain('No seed found anything.');
    expect(calm).toContain('class="verdict good"');
    expect(calm).toContain('<dd>2,000</dd>');
    expect(calm).toMatch(/<th scope="row">date<\/th><td class="figure">700<\/td><td class="figure">3</);
  });

  it('of a blind campaign is no good one', () => {
    const blind = page({ tally: {} });
    expect(blind).toContain('class="verdict doubtful"');
    expect(blind).toContain('It proves nothing: no move of any seed ended well');
  });

  it('shows each failure with its smallest form, and at last the command', () => {
    const bad = page({ failures: [FAILURE] }, [[12, 'seeds/12/report.html']]);
    expect(bad).toContain('class="verdict bad"');
    expect(bad).toContain('<a href="seeds/12/report.html">Seed 12</a>: copies');
    expect(bad).toContain('red runs on a and on &lt;b&gt; at once');
    expect(bad).toContain('Shrunk to 1 fault, 1 move, 1 guest, 2 hosts in 40 runs.');
    expect(bad).toContain('step of fault 0 (date) [wall] = -45 ms');
    const [, article = ''] = /<article[^>]*>([\s\S]*?)<\/article>/.exec(bad) ?? [];
    expect(article.trim().endsWith(`<pre class="command"><code>${FAILURE.replay}</code></pre>`)).toBe(true);
  });

  it('that looked for a hang and found one is good', () => {
    const found = page({ find: 'hang', failures: [{ ...FAILURE, checker: 'hang' }] });
    expect(found).toContain('class="verdict good"');
    expect(found).toContain('1 seed found a hang.');
    const worse = page({ find: 'hang', failures: [FAILURE] });
    expect(worse).toContain('class="verdict bad"');
    expect(worse).toContain('1 seed found something.');
  });

  it('leads to no page that is not there, and says how many failures it leaves out', () => {
    const many = page({ failures: Array.from({ length: 107 }, (_, seed) => ({ ...FAILURE, seed })) });
    expect(many).not.toContain('<a href');
    expect(many).toContain('7 more are in result.json.');
  });
});
