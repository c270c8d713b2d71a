import { describe, expect, test } from 'vitest';
import { kindTable } from '../kind-table.ts';
import { kinds } from '../kinds/index.ts';
import { prune, withDefaults } from './structural.ts';
import { validate } from './validate.ts';

const table = kindTable(kinds);
const schemaOf = (resource: string) => table.of(resource)!.schema;
const migrations = schemaOf('virtualmachineinstancemigrations.kubevirt.io');
const hco = schemaOf('hyperconvergeds.hco.kubevirt.io');
const policies = schemaOf('migrationpolicies.migrations.kubevirt.io');

describe('pruning', () => {
  test.each([
    ['a field of spec', migrations, { spec: { vmiName: 'a', bogus: 1 } }, { spec: { vmiName: 'a' } }, ['spec.bogus']],
    ['a field at the top', migrations, { spec: {}, extra: {} }, { spec: {} }, ['extra']],
    [
      'a setting HyperConverged does not know',
      hco,
      { spec: { liveMigrationConfig: { allowWorkloadDisruption: true } } },
      { spec: { liveMigrationConfig: {} } },
      ['spec.liveMigrationConfig.allowWorkloadDisruption'],
    ],
    ['nothing where unknown fields pass', hco, { spec: { infra: { a: 1 } } }, { spec: { infra: { a: 1 } } }, []],
    [
      'nothing in maps',
      migrations,
      { spec: { addedNodeSelector: { x: 'y' } } },
      { spec: { addedNodeSelector: { x: 'y' } } },
      [],
    ],
    [
      'fields in lists',
      migrations,
      { status: { conditions: [{ type: 'a', status: 'b', c: 1 }] } },
      { status: { conditions: [{ type: 'a', status: 'b' }] } },
      ['status.conditions[0].c'],
    ],
  ])('drops %s', (_what, schema, value, wanted, unknown) => {
    const found: string[] = [];
    expect(prune(value, schema, found)).toEqual(wanted);
    expect(found).toEqual(unknown);
  });

  test('copies nothing if nothing is unknown', () => {
    const value = { spec: { vmiName: 'a' } };
    expect(prune(value, migrations, [])).toBe(value);
  });
});

describe('defaults', () => {
  const config = {
    allowAutoConverge: false,
    allowPostCopy: false,
    completionTimeoutPerGiB: 150,
    parallelMigrationsPerCluster: 5,
    parallelOutboundMigrationsPerNode: 2,
    progressTimeout: 150,
  };
  test.each([
    ['without a spec', {}],
    ['with an empty config', { spec: { liveMigrationConfig: {} } }],
    ['with a null config', { spec: { liveMigrationConfig: null } }],
  ])('HyperConverged %s gets those of HCO 1.16', (_what, value) => {
    const filled = withDefaults(value, hco) as { spec: { liveMigrationConfig: unknown } };
    expect(filled.spec.liveMigrationConfig).toEqual(config);
  });

  test('leave what is set', () => {
    const value = { spec: { liveMigrationConfig: { parallelMigrationsPerCluster: 9 } } };
    const filled = withDefaults(value, hco) as { spec: { liveMigrationConfig: unknown } };
    expect(filled.spec.liveMigrationConfig).toEqual({ ...config, parallelMigrationsPerCluster: 9 });
  });

  test('are no shared objects', () => {
    const first = withDefaults({}, hco) as { spec: { liveMigrationConfig: object } };
    const second = withDefaults({}, hco) as { spec: { liveMigrationConfig: object } };
    expect(first.spec.liveMigrationConfig).not.toBe(second.spec.liveMigrationConfig);
  });
});

describe('validation', () => {
  test.each([
    [
      'a wrong type',
      { selectors: 'x' },
      'Invalid value: "string": spec.selectors in body must be of type object: "string"',
    ],
    ['a missing field', {}, 'Required value'],
    [
      'a fraction',
      { selectors: {}, completionTimeoutPerGiB: 1.5 },
      'Invalid value: "number": spec.completionTimeoutPerGiB in body must be of type integer: "number"',
    ],
    [
      'a wrong type in a map',
      { selectors: { namespaceSelector: { a: 1 } } },
      'Invalid value: "integer": spec.selectors.namespaceSelector.a in body must be of type string: "integer"',
    ],
    ['a bad quantity', { selectors: {}, bandwidthPerMigration: 'fast' }, expect.stringContaining('should match')],
    [
      'neither number nor text',
      { selectors: {}, bandwidthPerMigration: true },
      expect.stringContaining('must be of type integer,string'),
    ],
  ])('finds %s', (_what, spec, message) => {
    const causes = validate({ metadata: { name: 'x' }, spec }, policies, false);
    expect(causes.map((cause) => cause.message)).toEqual([message]);
  });

  test.each([
    [{ selectors: {}, bandwidthPerMigration: '64Mi', allowPostCopy: true }],
    [{ selectors: {}, bandwidthPerMigration: 0 }],
    [{ selectors: { virtualMachineInstanceSelector: { tier: 'prod' } }, completionTimeoutPerGiB: 120 }],
  ])('lets %j pass', (spec) => {
    expect(validate({ metadata: { name: 'x' }, spec }, policies, false)).toEqual([]);
  });

  test('of kinds with rules says that a type error kept them from being checked; a bad pattern does not', () => {
    const errors = (config: object): number => validate({ spec: { liveMigrationConfig: config } }, hco, true).length;
    expect(errors({ progressTimeout: 'x' })).toBe(2);
    expect(errors({ bandwidthPerMigration: 'lots' })).toBe(1);
  });
});
