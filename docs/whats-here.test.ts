/** The map is true: every path it names exists, and every room of the repository is on it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const map = readFileSync(new URL('./whats-here.md', import.meta.url), 'utf8');
const named = [...map.matchAll(/`([a-z-]+\/[^`\s]*)`/g)].map((match) => match[1] as string);
const linked = [...map.matchAll(/\]\(([^)]+)\)/g)].map((match) => `docs/${match[1]}`);

describe('docs/whats-here.md', () => {
  it.each([...new Set([...named, ...linked])])('%s is there', (path) => {
    expect(existsSync(path)).toBe(true);
  });

  it('names no room twice', () => {
    const rooms = [...map.matchAll(/^\| `([^`]+)`/gm)].map((match) => match[1]);
    expect(rooms).toEqual([...new Set(rooms)]);
  });

  it('names every folder of the model and of the experiments', () => {
    for (const parent of ['model', 'runtime', 'experiments', 'services']) {
      const folders = readdirSync(parent, { withFileTypes: true }).filter(
        (e) => e.isDirectory() && !['node_modules', 'golden', 'bench', 'regressions'].includes(e.name),
      );
      for (const { name } of folders) expect(named, `${parent}/${name}/ is missing`).toContain(`${parent}/${name}/`);
    }
  });
});
