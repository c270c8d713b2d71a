import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KubeObject } from '../../src/model/objects.ts';

/** The recordings beside the checkout; tests that need them skip where they are not. */
export const RECORDINGS = join(import.meta.dirname, '../../../shared/recordings');

export const hasRecordings = existsSync(RECORDINGS);

/** A recorded request and what was answered; of a watch, its lines. */
export interface Wire {
  request: { method: string; path: string; headers?: Record<string, string>; contentType?: string; body?: unknown };
  response: { status: number; headers: Record<string, string>; body?: unknown; lines?: WireLine[]; endedBy?: string };
}

export interface WireLine {
  type: string;
  object: KubeObject;
}

export function wire(name: string): Wire {
  return read(`run1/wire/${name}.json`) as Wire;
}

/** A JSON file of the recordings. */
export function read(path: string): unknown {
  return JSON.parse(readFileSync(join(RECORDINGS, path), 'utf8'));
}

export function lines<T>(path: string): T[] {
  return text(path).map((line) => JSON.parse(line) as T);
}

/** The lines of a text file of the recordings. */
export function text(path: string): string[] {
  return readFileSync(join(RECORDINGS, path), 'utf8')
    .split('\n')
    .filter((line) => line !== '');
}

/** Files of a folder of the recordings, by name. */
export function filesOf(path: string): string[] {
  return readdirSync(join(RECORDINGS, path)).sort();
}
