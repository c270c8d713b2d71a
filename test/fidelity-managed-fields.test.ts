import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import { recordUpdate } from '../src/lab/api/fields/managed-fields.ts';
import { kinds } from '../src/lab/api/kinds/index.ts';
import { schemaOf } from '../src/lab/api/kinds/kind.ts';
import type { KubeObject, ObjectMeta } from '../src/model/objects.ts';

// Every recorded write whose managedFields tell who made it, made again: the lab's API server must come to the same
// managedFields, with the same times. (A binding or an eviction is the server's own write and recorded as nobody's.)

interface Line {
  type: string;
  object: KubeObject;
}

type Entry = NonNullable<ObjectMeta['managedFields']>[number];

const KINDS: Record<string, string> = {
  vmim: 'VirtualMachineInstanceMigration',
  vmi: 'VirtualMachineInstance',
  pods: 'Pod',
  events: 'Event',
};

function titled({ metadata }: KubeObject): Record<string, Entry> {
  const entries = metadata.managedFields ?? [];
  return Object.fromEntries(
    entries.map((entry) => [`${entry.manager} ${entry.operation} ${entry.subresource ?? ''}`, entry]),
  );
}

/** How many writes were compared; fails at the first that comes out otherwise. */
function replay(kindName: string, lines: readonly Line[]): number {
  const kind = kinds.find((each) => each.kind === kindName)!;
  const last = new Map<string, KubeObject>();
  let compared = 0;
  for (const { type, object } of lines) {
    const key = `${object.metadata.namespace}/${object.metadata.name}`;
    const before = last.get(key);
    last.set(key, object);
    if (before === undefined || type !== 'MODIFIED') continue;
    const [was, is] = [titled(before), titled(object)];
    const writers = Object.keys(is).filter((title) => {
      const [one, other] = [was[title], is[title]!];
      return one?.time !== other.time || !isDeepStrictEqual(one?.fieldsV1, other.fieldsV1);
    });
    if (writers.length === 0) continue;
    const { managedFields: _managed, ...metadata } = object.metadata;
    const written = writers.map((title) => {
      const { manager = '', apiVersion = '', subresource, time = '' } = is[title]!;
      const by = {
        manager,
        operation: 'Update' as const,
        apiVersion,
        ...(subresource === undefined ? {} : { subresource }),
      };
      return titled(recordUpdate(before, { ...object, metadata }, by, schemaOf(kind, kind.storage), Date.parse(time)));
    });
    // More than one entry changes when a writer takes fields from another: one of them is the writer.
    if (!written.some((result) => isDeepStrictEqual(result, is))) expect(written[0], key).toEqual(is);
    compared++;
  }
  return compared;
}

const excerpt = JSON.parse(
  readFileSync(join(import.meta.dirname, 'fixtures/recordings/managed-fields.json'), 'utf8'),
) as Line[];

test('the writes to a migration that was cancelled', () => {
  expect(replay('VirtualMachineInstanceMigration', excerpt)).toBeGreaterThanOrEqual(5);
});

const RUN = join(import.meta.dirname, '../../shared/recordings/run1');

describe.skipIf(!existsSync(RUN))('all writes of the recording', () => {
  test.each(Object.entries(KINDS))('%s', (file, kind) => {
    const lines = readFileSync(join(RUN, `${file}.watch.jsonl`), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Line)
      .filter(({ object }) => object.metadata?.name !== undefined);
    expect(replay(kind, lines)).toBeGreaterThanOrEqual(7);
  });
});
