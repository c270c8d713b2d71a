import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { defaultRoles, type PolicyRule } from './roles.ts';

/** Whether some rule of a role grants a verb on a resource. */
function grants(minor: number, role: string, verb: string, group: string, resource: string): boolean {
  const rules = defaultRoles(minor).find(({ name }) => name === role)?.rules ?? [];
  return rules.some(
    (rule: PolicyRule) =>
      rule.apiGroups.includes(group) && rule.resources.includes(resource) && rule.verbs.includes(verb),
  );
}

const SUB = 'subresources.kubevirt.io';

describe("KubeVirt's default roles", () => {
  it.each([
    [3, 'edit', true, 'in 1.3 an editor may create migrations'],
    [4, 'admin', true, 'in 1.4 an admin may'],
    [5, 'edit', false, 'from 1.5 on an editor may not'],
    [5, 'admin', false, 'nor an admin'],
    [9, 'admin', false, 'nor an admin of 1.9'],
    [5, 'migrate', true, 'kubevirt.io:migrate may'],
    [4, 'migrate', false, 'kubevirt.io:migrate is not there before 1.5'],
  ])('1.%i %s: %s, for %s', (minor, role, may) => {
    expect(grants(minor, `kubevirt.io:${role}`, 'create', 'kubevirt.io', 'virtualmachineinstancemigrations')).toBe(may);
    expect(grants(minor, `kubevirt.io:${role}`, 'update', SUB, 'virtualmachines/migrate')).toBe(may);
  });

  it('everybody but kubevirt.io:default lists migrations in all versions', () => {
    for (let minor = 3; minor <= 9; minor++) {
      for (const role of ['admin', 'edit', 'view']) {
        expect(grants(minor, `kubevirt.io:${role}`, 'list', 'kubevirt.io', 'virtualmachineinstancemigrations')).toBe(
          true,
        );
      }
    }
  });

  it('an evacuation may be cancelled from 1.7 on', () => {
    for (let minor = 3; minor <= 9; minor++) {
      expect(grants(minor, 'kubevirt.io:edit', 'update', SUB, 'virtualmachines/evacuate/cancel')).toBe(minor >= 7);
    }
  });

  const recorded = new URL('../../../../shared/recordings/manifests/rbac.yaml', import.meta.url);
  it.skipIf(!existsSync(recorded))("of 1.9 are the real virt-operator's, rule by rule", () => {
    const real = parseAllDocuments(readFileSync(recorded, 'utf8')).flatMap((document) => {
      const { kind, metadata, rules } = document.toJS() as {
        kind: string;
        metadata: { name: string; labels: Record<string, string>; annotations?: Record<string, string> };
        rules: PolicyRule[];
      };
      if (kind !== 'ClusterRole' || metadata.labels['kubevirt.io'] === undefined || !metadata.name.includes(':')) {
        return [];
      }
      const { name, labels, annotations } = metadata;
      return [{ name, labels, ...(annotations === undefined ? {} : { annotations }), rules }];
    });
    expect(real).not.toHaveLength(0);
    expect(defaultRoles(9).map(({ forEverybody: _everybody, ...role }) => role)).toEqual(real);
  });
});
