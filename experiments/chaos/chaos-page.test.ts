import { expect, it } from 'vitest';
import found from './canaries/found.json' with { type: 'json' };
import { chaosPage } from './chaos-page.ts';
import type { Found } from './found.ts';

it('docs/chaos.md is what the tables say', async () => {
  await expect(chaosPage(found as Found[])).toMatchFileSnapshot('../../docs/chaos.md');
});
