import { existsSync } from 'node:fs';
import { loadScenario } from '@skewbed/experiments/case-library.ts';
import { caseScale } from '@skewbed/experiments/case-scale.ts';
import { planTrial } from '@skewbed/experiments/trial.ts';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cluster } from './cluster.ts';
import { describeContainers } from './engine.ts';

const CHROMIUM = process.env.SKEWBED_CHROMIUM ?? '/usr/bin/chromium';

// Without a browser it is left out and counted as skipped; in CI it runs, and fails.
const canLook = existsSync(CHROMIUM) || process.env.CI !== undefined;

(canLook ? describeContainers : describe.skip)('the published page, in a browser', () => {
  let cluster: Cluster;
  let browser: Browser;
  const complaints: string[] = [];

  beforeAll(async () => {
    cluster = await Cluster.start(['a', 'b']);
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  });
  afterAll(async () => {
    await browser?.close();
    await cluster?.[Symbol.asyncDispose]();
  });

  const open = async (): Promise<Page> => {
    const page = await browser.newPage();
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      // The one request that finds out whether there is a cookie.
      if (message.type() === 'error' && !message.text().includes('401')) complaints.push(message.text());
    });
    await page.goto(cluster.url);
    return page;
  };

  it('asks for the token, refuses a wrong one, and then shows hosts, chart, migrations', async () => {
    const page = await open();
    await page.getByLabel('Token', { exact: true }).fill('not-the-token-of-anybody');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByText('That is not the token of this testbed.').waitFor();
    await page.getByLabel('Token', { exact: true }).fill(cluster.environment.SKEWBED_TOKEN ?? '');
    await page.getByRole('button', { name: 'Log in' }).click();

    const scenario = loadScenario('t3');
    const testbed = await cluster.open();
    await testbed.run(planTrial(scenario, { testbed: 'containers', seed: 1, ...caseScale(scenario) }));
    await page.getByRole('cell', { name: 'guest', exact: true }).waitFor();
    await page.getByRole('cell', { name: 'a → b' }).waitFor();
    await page.locator('#chart canvas').waitFor();
    expect(await page.locator('#nodes tr').count()).toBe(2);
    expect(complaints).toEqual([]);
  });
});
