import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../src/model/objects.ts';
import { filesOf, hasRecordings, lines, RECORDINGS, read } from './fidelity/shared.ts';

// Every file of the recordings is replayed by some test; those that repeat another file are compared with it here.

const TESTS = import.meta.dirname;
const fixtures = (folder: string): string[] => readdirSync(join(TESTS, 'fixtures', folder));

/** Which test replays a file; undefined: none does. */
function replayedBy(file: string): string | undefined {
  const [folder = '', name = ''] = file.includes('/wire/') ? file.split('/wire/') : ['', file];
  if (folder !== '' && fixtures('admission').includes(name)) return 'fidelity-admission';
  if (folder !== '' && fixtures('wire').includes(name)) return 'src/lab/api/fidelity';
  return BY.find(([pattern]) => pattern.test(file))?.[1];
}

const BY: [RegExp, string][] = [
  [
    /^run1\/wire\/(cancel-delete-running|get-vmi|hco-(get|get-v1|merge|nulls|restore)|json-patch|list-.*|merge-patch|nncp-create|put-stale-409|reject-rbac-viewer|ssa-kubevirt-limits|version|watch-.*)\.json$/,
    'fidelity-wire',
  ],
  [/^run1\/wire\/ssrr\.json$|^rbac-defaults\.txt$/, 'src/lab/rights'],
  [/^run2\/wire\/subresource-migrate-viewer\.json$/, 'src/lab/api/fidelity'],
  [/^run1\/(vmim|vmi|pods|events)\.watch\.jsonl$/, 'fidelity, fidelity-streams, fidelity-managed-fields'],
  [/^run1\/(nodes|pdb)\.watch\.jsonl$/, 'fidelity-nodes'],
  [/^run1\/(drain-node01\.txt|taint-timeline\.jsonl)$/, 'fidelity-drain'],
  [/^discovery\//, 'fidelity-discovery'],
  [/^run1\/(samples\/.*|evacuation-vmim-sample|vmim-(failed|quota))(\.json)?$|^run1\/cancel-states\.jsonl$/, 'here'],
  [/^run1\/(event-kinds|vmim-timelines)\.txt$/, 'fidelity-streams, which makes the same of the streams'],
];

/** What is no recording of a behaviour. */
const NOT_BEHAVIOUR = /^README\.md$|^(crds|manifests)\/|prove\.log$|^(hco-.*|kubevirt-cr|node-sample)\.json$/;

const all = hasRecordings
  ? readdirSync(RECORDINGS, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(RECORDINGS.length + 1))
  : [];

describe.skipIf(!hasRecordings)('the recordings', () => {
  test('are all replayed', () => {
    const behaviour = all.filter((file) => !NOT_BEHAVIOUR.test(file));
    expect(behaviour.length).toBeGreaterThan(100);
    expect(behaviour.filter((file) => replayedBy(file) === undefined)).toEqual([]);
  });
});

interface Line {
  t: string;
  type: string;
  object: KubeObject & { status?: { phase?: string; conditions?: unknown[]; migrationState?: object } };
}

describe.skipIf(!hasRecordings)('what was picked out of the streams is in them', () => {
  const stream = hasRecordings ? lines<Line>('run1/vmim.watch.jsonl') : [];

  test.each(hasRecordings ? filesOf('run1/samples') : [])('samples/%s', (file) => {
    const name = file.replace(/^vmim-|\.json$/g, '');
    const picked = read(`run1/samples/${file}`) as Line[];
    expect(picked.length).toBeGreaterThan(4);
    // Without managedFields, which have a test of their own.
    const own = structuredClone(stream.filter(({ object }) => object.metadata.name === name));
    for (const { object } of own) delete object.metadata.managedFields;
    expect(own).toEqual(picked);
  });

  test.each(['evacuation-vmim-sample', 'vmim-failed', 'vmim-quota'])('%s', (file) => {
    expect(stream.map(({ object }) => object)).toContainEqual(read(`run1/${file}.json`));
  });

  test('cancel-states', () => {
    const states = lines<{ phase: string; conditions?: unknown[]; abort: object }>('run1/cancel-states.jsonl');
    const seen = stream
      .filter(({ object }) => object.metadata.name === 'can-running')
      .map(({ object: { status = {} } }) => [status.phase, status.conditions, status.migrationState]);
    for (const { phase, conditions, abort } of states) expect(seen).toContainEqual([phase, conditions, abort]);
  });
});
