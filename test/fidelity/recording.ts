import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KubeObject } from '../../src/model/objects.ts';
import type { Seen } from './steps.ts';

const RUN = join(import.meta.dirname, '../../../shared/recordings/run1');

export const hasRecording = existsSync(RUN);

/** Everything the recording's watches saw, in the order of their time. */
export function recorded(): Seen[] {
  const files = { vmim: 'vmim', vmi: 'vmi', pod: 'pods', event: 'events' } as const;
  const all: Seen[] = [];
  for (const [resource, file] of Object.entries(files)) {
    for (const line of readFileSync(join(RUN, `${file}.watch.jsonl`), 'utf8').split('\n')) {
      if (line === '') continue;
      const { t, type, object } = JSON.parse(line) as { t: string; type: string; object: KubeObject };
      // Bookmarks carry no object.
      if (object.metadata?.name === undefined) continue;
      all.push({ at: Date.parse(t), resource: resource as Seen['resource'], type, object });
    }
  }
  return all.toSorted((a, b) => a.at - b.at);
}
