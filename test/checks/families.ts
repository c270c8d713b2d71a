import { readFileSync } from 'node:fs';
import type { Finding } from '../../src/model/finding.ts';

// What a check can say, read from its source: every text after `message:`, with what is filled in left open.

/** One sentence that a check can say. */
export interface Family {
  check: string;
  /** The text as it stands in the source, `...` where something is filled in. */
  text: string;
  pattern: RegExp;
}

/** All families of the check in a file. */
export function familiesIn(file: string): Family[] {
  const source = readFileSync(file, 'utf8');
  const check = /^ {2}id: '([^']+)'/m.exec(source)?.[1] ?? '';
  return [...source.matchAll(/\bmessage(?::| =)\s/g)].flatMap(({ index, 0: head }) =>
    literalsFrom(source, index + head.length).map((parts) => ({
      check,
      text: parts.join('...'),
      pattern: new RegExp(`^${parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('[^]*')}$`),
    })),
  );
}

/** The literals that an expression can come to: itself, or the branches of a conditional; in parts, where something is filled in. */
function literalsFrom(source: string, start: number): string[][] {
  const found: string[][] = [];
  let depth = 0;
  // A literal that follows something else (`===`) is compared, not said.
  let said = true;
  for (let at = start; at < source.length; ) {
    const char = source[at] ?? '';
    if (`'"\``.includes(char)) {
      const { parts, end } = literalAt(source, at);
      if (said && depth === 0) found.push(parts);
      said = false;
      at = end;
      continue;
    }
    if ('([{'.includes(char)) depth++;
    if (')]}'.includes(char) && depth-- === 0) break;
    if (depth === 0 && (char === ',' || char === ';')) break;
    if (/\S/.test(char)) said = char === '?' || char === ':';
    at++;
  }
  return found;
}

function literalAt(source: string, start: number): { parts: string[]; end: number } {
  const quote = source[start];
  const parts = [''];
  let at = start + 1;
  for (; source[at] !== quote; at++) {
    if (source[at] === '\\') parts.push(`${parts.pop() ?? ''}${source[++at] ?? ''}`);
    else if (quote === '`' && source.startsWith('${', at)) {
      at = endOfHole(source, at + 2);
      parts.push('');
    } else parts.push(`${parts.pop() ?? ''}${source[at] ?? ''}`);
  }
  return { parts, end: at + 1 };
}

/** Where the brace is that closes what is filled in. */
function endOfHole(source: string, start: number): number {
  let depth = 0;
  for (let at = start; ; at++) {
    const char = source[at] ?? '}';
    if (`'"\``.includes(char)) at = literalAt(source, at).end - 1;
    else if (char === '{') depth++;
    else if (char === '}' && depth-- === 0) return at;
  }
}

/** The sentence that a finding says: of those that fit, the one that fixes most of it. */
export function familyOf({ check, message }: Finding, families: readonly Family[]): Family | undefined {
  return families
    .filter((family) => family.check === check && family.pattern.test(message))
    .toSorted((a, b) => b.text.length - a.text.length)[0];
}
