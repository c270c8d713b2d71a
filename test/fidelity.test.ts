import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { comparable, differences } from './fidelity/differences.ts';
import { flows, inLab } from './fidelity/flows.ts';
import { hasRecording, recorded } from './fidelity/recording.ts';
import { type Story, storyOf } from './fidelity/steps.ts';

// The lab against what a real control plane did: every write to a migration, its VMI and its launcher pods, and every
// event about them, field by field. What may differ is listed, with its reason, in fidelity/differences.ts.

const fixture = join(import.meta.dirname, 'fixtures/recordings/stories.json');
const excerpt = JSON.parse(readFileSync(fixture, 'utf8')) as Record<string, Story>;

describe('the lab does what the recorded control plane did', () => {
  const used = new Set<unknown>();

  test.each(Object.keys(flows))('%s', (name) => {
    const flow = flows[name]!;
    const real = comparable(excerpt[flow.migration]!, used as never);
    expect(Object.keys(real).length).toBeGreaterThanOrEqual(3);
    expect(comparable(inLab(flow), used as never)).toEqual(real);
  });

  test('every difference that is allowed is one that there is', () => {
    expect(differences.filter((each) => !used.has(each)).map(({ reason, field }) => [reason, field])).toEqual([]);
  });
});

describe.skipIf(!hasRecording)('the excerpt beside the tests', () => {
  test('is what the recording holds', () => {
    const all = recorded();
    for (const { migration } of Object.values(flows)) expect(excerpt[migration]).toEqual(storyOf(all, migration));
  });
});
