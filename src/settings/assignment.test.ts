import { describe, expect, test } from 'vitest';
import { assigned, named } from './assignment.ts';

describe('settings by name', () => {
  test.each([
    ['progressTimeout', 'progressTimeout'],
    ['progress_timeout', 'progressTimeout'],
    ['PROGRESSTIMEOUT', 'progressTimeout'],
    ['completion_timeout_per_gib', 'completionTimeoutPerGiB'],
  ])('%s is %s', (given, name) => {
    expect(named(given).name).toBe(name);
  });

  test.each([
    ['progresTimeout', 'Did you mean: progressTimeout.'],
    ['timeout', 'Did you mean: completionTimeoutPerGiB, progressTimeout'],
    ['xyz', 'There are: parallelMigrationsPerCluster,'],
    ['', 'There are: '],
  ])('%j is none, and the right one is named', (given, hint) => {
    expect(() => named(given)).toThrow(
      expect.objectContaining({ code: 'FERRY_E_USAGE', hint: expect.stringContaining(hint) }),
    );
  });
});

describe('values as agents write them', () => {
  test('texts are what they say, null takes away', () => {
    const given = {
      progressTimeout: '300',
      allow_post_copy: 'true',
      bandwidthPerMigration: null,
      network: 'migration',
    };
    expect([...assigned(given)]).toEqual([
      ['progressTimeout', 300],
      ['allowPostCopy', true],
      ['bandwidthPerMigration', undefined],
      ['network', 'migration'],
    ]);
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['a fraction', { progressTimeout: 1.5 }, 'progressTimeout cannot be 1.5'],
    ['a number for a yes', { allowPostCopy: 1 }, 'allowPostCopy cannot be 1'],
    ['an object', { network: { name: 'x' } }, 'network cannot be {"name":"x"}'],
    ['the same twice', { progressTimeout: 1, PROGRESSTIMEOUT: 1 }, 'progressTimeout is given twice'],
    ['something endless', { progressTimeout: 'x'.repeat(100_000) }, 'progressTimeout cannot be'],
  ])('%s is refused in a few words', (_, given, said) => {
    try {
      assigned(given);
      expect.unreachable();
    } catch (error) {
      expect((error as Error).message).toContain(said);
      expect((error as Error).message.length).toBeLessThan(400);
    }
  });
});
