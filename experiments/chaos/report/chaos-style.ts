/** What the pages of chaos need beside the style of every report; read once. */
import { readFileSync } from 'node:fs';

export const chaosStyle = readFileSync(new URL('./chaos.css', import.meta.url), 'utf8');
