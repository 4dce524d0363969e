import { describe, expect, it } from 'vitest';
import { MESSAGES } from './control/registry.ts';
import { ERRORS } from './errors.ts';
import { protocolPage } from './protocol-page.ts';

describe('docs/protocol.md', () => {
  it('is what the registry says (write it anew: npx vitest run proto/protocol-page.test.ts -u)', async () => {
    await expect(protocolPage()).toMatchFileSnapshot('../docs/protocol.md');
  });

  it('names every message and every error', () => {
    const page = protocolPage();
    for (const message of Object.keys(MESSAGES)) expect(page).toContain(`### ${message}\n`);
    for (const code of Object.keys(ERRORS)) expect(page).toContain(`| \`${code}\` |`);
  });
});
