import { readFileSync, writeFileSync } from 'node:fs';

const BEGIN = '<!-- bench: written by `npm run bench -- --document` -->';
const END = '<!-- bench: end -->';

/** Puts the report of a run into the page that shows it, in place of the one before. @param formatted  for people. */
export function writeDocument(path: string, startedAt: Date, formatted: string): void {
  const page = readFileSync(path, 'utf8');
  const date = startedAt.toISOString().slice(0, 10);
  writeFileSync(path, replaceReport(page, `Measured on ${date}.\n\n\`\`\`\n${formatted.trimEnd()}\n\`\`\``));
}

/** @throws Error when the page has no place for it. */
export function replaceReport(page: string, report: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`the page has no "${BEGIN}" … "${END}"`);
  return `${page.slice(0, begin + BEGIN.length)}\n\n${report}\n\n${page.slice(end)}`;
}
