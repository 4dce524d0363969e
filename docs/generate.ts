/** npm run docs: writes the generated pages again. Tests hold each against what it is generated from. */
import { writeFileSync } from 'node:fs';
import { handOverPage } from '@skewbed/e2e/hand-over/page.ts';
import { experimentsPage } from '@skewbed/experiments/experiments-page.ts';
import { protocolPage } from '@skewbed/proto/protocol-page.ts';

writeFileSync(new URL('./protocol.md', import.meta.url), protocolPage());
writeFileSync(new URL('./hand-over.md', import.meta.url), handOverPage());
writeFileSync(new URL('./experiments.md', import.meta.url), await experimentsPage());
