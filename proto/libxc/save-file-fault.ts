/** What is wrong with a save file, and where: the offset in the file, the record that it lies in, and the reason. */
import { SkewbedError } from '../errors.ts';

export type FaultPlace = { readonly offset: number; readonly record: string; readonly reason: string };

export class SaveFileFault extends SkewbedError {
  readonly offset: number;
  readonly record: string;
  readonly reason: string;

  constructor({ offset, record, reason }: FaultPlace, code: 'bad-save-file' | 'limit-exceeded' = 'bad-save-file') {
    super(code, `offset ${offset}, ${record}: ${reason}`, `offset ${offset}, ${record}`);
    this.offset = offset;
    this.record = record;
    this.reason = reason;
  }
}
