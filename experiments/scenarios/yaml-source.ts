/**
 * A YAML text together with where each of its nodes stands, so that every complaint names line and column.
 * Core schema of YAML 1.2: a date or a duration stays the text that was written. Anchors and tags are refused by length
 * limits of the package alone; one document a file.
 */
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { type Document, isMap, isPair, isScalar, LineCounter, parseDocument } from 'yaml';

export type YamlPath = readonly (string | number)[];

export class YamlSource {
  readonly name: string;
  readonly #document: Document.Parsed;
  readonly #lines = new LineCounter();

  /** `name` is what the messages call this text: a file's name as the user typed it. */
  constructor(name: string, text: string) {
    this.name = name;
    this.#document = parseDocument(text, { lineCounter: this.#lines, schema: 'core', prettyErrors: false });
    const [error] = this.#document.errors;
    if (error !== undefined) {
      const where = this.#where(error.pos[0]);
      throw new SkewbedError('bad-scenario', `${where}: this is no YAML: ${error.message}; mend the line`, where);
    }
  }

  /** The text as plain data. */
  data(): unknown {
    return this.#document.toJS({ maxAliasCount: 100 });
  }

  /** Throws 'bad-scenario' at the place of this path, or of the nearest thing around it that is in the text. */
  fail(path: YamlPath, message: string): never {
    const where = this.#where(this.#offsetOf(path));
    throw new SkewbedError('bad-scenario', `${where}: ${message}`, where);
  }

  #where(offset: number): string {
    const { line, col } = this.#lines.linePos(offset);
    return `${this.name}:${Math.max(1, line)}:${Math.max(1, col)}`;
  }

  #offsetOf(path: YamlPath): number {
    for (let length = path.length; length > 0; length -= 1) {
      const parent: unknown =
        length === 1 ? this.#document.contents : this.#document.getIn(path.slice(0, length - 1), true);
      const last = path[length - 1];
      if (isMap(parent)) {
        const pair = parent.items.find(
          (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(last),
        );
        if (pair === undefined) continue;
        const node = pair.value ?? pair.key;
        const range = (node as { range?: readonly number[] | null }).range;
        if (range?.[0] !== undefined) return range[0];
      }
      const node = this.#document.getIn(path.slice(0, length), true) as
        | { range?: readonly number[] | null }
        | undefined;
      if (node?.range?.[0] !== undefined) return node.range[0];
    }
    return this.#document.contents?.range[0] ?? 0;
  }
}
