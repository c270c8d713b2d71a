import type { z } from 'zod';
import { plain } from '../model/plain.ts';

export type Parsed = { ok: true; value: Record<string, unknown> } | { ok: false; message: string };

/**
 * The arguments of a call. `label_selector` is taken for `labelSelector` and the other way round, since the real
 * server's tools differ (facts/mcp.md section 1); any other unknown argument is an error that names the right one.
 */
export function parseArguments(schema: z.ZodObject, given: unknown, instead: Record<string, string> = {}): Parsed {
  if (given !== undefined && (typeof given !== 'object' || given === null || Array.isArray(given))) {
    return { ok: false, message: 'the arguments must be an object' };
  }
  const known = Object.keys(schema.shape);
  const result = schema.safeParse(respelled(given ?? {}, known));
  if (result.success) return { ok: true, value: result.data };
  const unknown: string[] = [];
  const wrong: string[] = [];
  for (const issue of result.error.issues) {
    if (issue.code === 'unrecognized_keys' && issue.path.length === 0)
      unknown.push(...issue.keys.map((key) => unknownArgument(key, known, instead)));
    else wrong.push(`${issue.path.map(String).join('.') || 'arguments'}: ${issue.message}`);
  }
  // A name that is not right is why another one is missing.
  const told = [...unknown, ...wrong];
  const shown = told.slice(0, 5).map((line) => short(line, 300));
  if (told.length > 5) shown.push(`and ${told.length - 5} more`);
  return { ok: false, message: shown.join('; ') };
}

function respelled(given: object, known: readonly string[]): Record<string, unknown> {
  const bySpelling = new Map(known.map((name) => [spelling(name), name]));
  return Object.fromEntries(
    Object.entries(given).map(([key, value]) => {
      const meant = known.includes(key) ? key : bySpelling.get(spelling(key));
      return [meant !== undefined && !Object.hasOwn(given, meant) ? meant : key, value];
    }),
  );
}

function spelling(name: string): string {
  return name.replaceAll('_', '').toLowerCase();
}

function unknownArgument(key: string, known: readonly string[], instead: Record<string, string>): string {
  const told = `there is no argument "${short(key, 60)}"`;
  const hint = Object.hasOwn(instead, key) ? instead[key] : undefined;
  if (hint !== undefined) return `${told}: ${hint}`;
  const [nearest] = known
    .map((name) => ({ name, far: distance(spelling(name), spelling(key.slice(0, 60))) }))
    .filter(
      ({ name, far }) => far <= Math.max(1, Math.floor(name.length / 3)) || spelling(key).includes(spelling(name)),
    )
    .sort((a, b) => a.far - b.far);
  if (nearest !== undefined) return `${told}: did you mean "${nearest.name}"?`;
  return known.length === 0 ? `${told}: the tool has none` : `${told}: the arguments are ${known.join(', ')}`;
}

function short(text: string, length: number): string {
  const line = plain(text);
  return line.length > length ? `${line.slice(0, length)}…` : line;
}

/** Levenshtein's. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + same));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
