/** npm run docs: writes the generated pages again. Tests hold each against what it is generated from. */
import { writeFileSync } from 'node:fs';
import { handOverPage } from '@skewbed/e2e/hand-over/page.ts';
import { experimentsPage } from '@skewbed/experiments/experiments-page.ts';
import { PUBLISHED_SCHEMAS, schemaText } from '@skewbed/experiments/published-schemas.ts';
import { protocolPage } from '@skewbed/proto/protocol-page.ts';

writeFileSync(new URL('./protocol.md', import.meta.url), protocolPage());
writeFileSync(new URL('./hand-over.md', import.meta.url), handOverPage());
for (const schema of PUBLISHED_SCHEMAS)
  writeFileSync(new URL(`./schemas/${schema.file}`, import.meta.url), schemaText(schema));
writeFileSync(new URL('./experiments.md', import.meta.url), await experimentsPage());
