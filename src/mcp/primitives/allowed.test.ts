import { expect, test } from 'vitest';
import { allowList } from './allowed.ts';

test.each<[string, string, string[], boolean]>([
  ['', 'pods', [], true],
  ['kubevirt.io', 'virtualmachines', [], true],
  ['', 'configmaps', [], false],
  ['', 'configmaps', ['configmaps'], true],
  ['example.com', 'widgets', ['Widgets.example.com'], true],
  ['example.com', 'pods', [], false],
  ['', 'secrets', ['secrets'], false],
  ['bitnami.com', 'sealedsecrets', ['sealedsecrets.bitnami.com'], false],
  ['oauth.openshift.io', 'oauthaccesstokens', ['oauthaccesstokens.oauth.openshift.io'], false],
])('%s %s with %j allowed: %s', (group, plural, also, allowed) => {
  expect(allowList(also)(group, plural)).toBe(allowed);
});
