/**
 * HTML from templates in which every value is escaped unless it is HTML already. A history may come from anywhere, and a
 * report is a page that people open: no value of it may become markup, a script or an address.
 */

/** A piece of markup. Only `html`, `joined` and `verbatim` make one. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type HtmlValue = Html | string | number | readonly Html[];

/** Tagged template: html`<td>${name}</td>` escapes name, and takes Html and lists of Html as they are. */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  let text = parts[0] ?? '';
  values.forEach((value, index) => {
    text += textOf(value) + (parts[index + 1] ?? '');
  });
  return new Html(text);
}

/** Markup that is part of this project (a style sheet, a script), never anything out of a history. */
export function verbatim(text: string): Html {
  return new Html(text);
}

/** Nothing at all. */
export const nothing = new Html('');

/** JSON that can stand inside a script element: no '<' can end it, no line separator can break it. */
export function jsonForScript(value: unknown): Html {
  const text = JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return new Html(text);
}

/** A path relative to the page, each segment escaped, so that no scheme and no other host can be named. */
export function relativeHref(path: string): string {
  return path
    .split('/')
    .filter((segment) => segment !== '')
    .map((segment) => encodeURIComponent(segment))
    .join('/');
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function textOf(value: HtmlValue): string {
  if (value instanceof Html) return value.text;
  if (typeof value === 'object') return value.map((one) => one.text).join('');
  return String(value).replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character);
}
