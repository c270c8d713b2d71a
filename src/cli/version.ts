import { readFileSync } from 'node:fs';

// scripts/build.ts puts the version here; run from source, package.json has it.
declare const FERRY_VERSION: string | undefined;

/** The version of this Ferry. */
export const version: string = typeof FERRY_VERSION === 'string' ? FERRY_VERSION : fromPackage();

function fromPackage(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
