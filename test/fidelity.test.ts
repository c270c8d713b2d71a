import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
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
  const lab = Object.fromEntries(Object.entries(flows).map(([name, flow]) => [name, inLab(flow)]));

  test.each(Object.keys(flows))('%s', (name) => {
    const real = comparable(excerpt[flows[name]!.migration]!, differences);
    expect(Object.keys(real).length).toBeGreaterThanOrEqual(3);
    expect(comparable(lab[name]!, differences)).toEqual(real);
  });

  test.each(differences.map((each) => [`${each.reason} (${String(each.field ?? each.part)})`, each] as const))(
    'there still is the difference that %s',
    (_, difference) => {
      const others = differences.filter((each) => each !== difference);
      const same = Object.entries(flows).every(([name, { migration }]) =>
        isDeepStrictEqual(comparable(lab[name]!, others), comparable(excerpt[migration]!, others)),
      );
      expect(same).toBe(false);
    },
  );
});

describe.skipIf(!hasRecording)('the excerpt beside the tests', () => {
  test('is what the recording holds', () => {
    const all = recorded();
    for (const { migration } of Object.values(flows)) expect(excerpt[migration]).toEqual(storyOf(all, migration));
  });
});
