import { expect, test } from 'vitest';
import { writeList } from './writable.ts';

test.each<[string, string, string[], boolean]>([
  ['kubevirt.io', 'virtualmachineinstancemigrations', [], true],
  ['hco.kubevirt.io', 'hyperconvergeds', [], true],
  ['', 'configmaps', [], false],
  ['', 'configmaps', ['ConfigMaps'], true],
  ['', 'persistentvolumeclaims', [], false],
  ['example.com', 'virtualmachines', [], false],
  ['', 'secrets', ['secrets'], false],
  ['', 'pods', ['pods'], false],
  ['', 'serviceaccounts', ['serviceaccounts'], false],
  ['rbac.authorization.k8s.io', 'clusterrolebindings', ['clusterrolebindings.rbac.authorization.k8s.io'], false],
  ['apiextensions.k8s.io', 'customresourcedefinitions', ['customresourcedefinitions.apiextensions.k8s.io'], false],
  [
    'admissionregistration.k8s.io',
    'validatingwebhookconfigurations',
    ['validatingwebhookconfigurations.admissionregistration.k8s.io'],
    false,
  ],
])('%s %s with %j may be written: %s', (group, plural, also, allowed) => {
  expect(writeList(also)(group, plural)).toBe(allowed);
});
