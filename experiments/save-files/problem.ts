/** What is wrong with a save file, as verify gives it: never more than PROBLEMS_MAX, since one wrong byte can break much. */
import { PROBLEMS_MAX } from '@skewbed/proto/limits.ts';

export type Problem = { readonly offset: number; readonly record: string; readonly reason: string };

export class Problems {
  readonly list: Problem[] = [];
  /** Problems beyond the bound. */
  more = 0;

  add(offset: number, record: string, reason: string): void {
    if (this.list.length < PROBLEMS_MAX) this.list.push({ offset, record, reason });
    else this.more++;
  }
}
