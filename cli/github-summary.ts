/** A summary in Markdown for the page of a GitHub job. */
import { appendFileSync } from 'node:fs';

/** Where GitHub names a file for it, there; otherwise to standard output, or to standard error beside JSON. */
export function summarise(markdown: string, json: true | undefined): void {
  const file = process.env.GITHUB_STEP_SUMMARY;
  if (file !== undefined && file !== '') appendFileSync(file, markdown);
  else (json ? process.stderr : process.stdout).write(markdown);
}
