import { expect, test } from 'vitest';
import type { Attributes } from '../authorization.ts';
import { type PolicyRule, ruleAllows } from './rule.ts';

const user = { name: 'eve', groups: [] };
const on = (verb: string, what: string, more: Partial<Extract<Attributes, { group: string }>> = {}): Attributes => {
  const [resource = '', subresource] = what.split('/');
  return {
    user,
    verb,
    group: '',
    resource,
    ...(subresource === undefined ? {} : { subresource }),
    ...more,
  };
};
const at = (verb: string, path: string): Attributes => ({ user, verb, path });
const rule = (verbs: string[], resources: string[], more: PolicyRule = {}): PolicyRule => ({
  verbs,
  apiGroups: [''],
  resources,
  ...more,
});
const urls = (...nonResourceURLs: string[]): PolicyRule => ({ verbs: ['get'], nonResourceURLs });
const migrate: Partial<Extract<Attributes, { group: string }>> = {
  group: 'subresources.kubevirt.io',
  subresource: 'migrate',
};

test.each<[string, PolicyRule, Attributes, boolean]>([
  ['a verb it names', rule(['get'], ['pods']), on('get', 'pods'), true],
  ['no other verb', rule(['get'], ['pods']), on('list', 'pods'), false],
  ['every verb, by an asterisk', rule(['*'], ['pods']), on('deletecollection', 'pods'), true],
  ['no other group', rule(['get'], ['pods']), on('get', 'pods', { group: 'metrics.k8s.io' }), false],
  [
    'every group, by an asterisk',
    rule(['get'], ['pods'], { apiGroups: ['*'] }),
    on('get', 'pods', { group: 'x.io' }),
    true,
  ],
  ['no subresource of a resource it names', rule(['get'], ['pods']), on('get', 'pods/log'), false],
  ['a subresource it names', rule(['create'], ['pods/eviction']), on('create', 'pods/eviction'), true],
  ['not the resource of a subresource it names', rule(['create'], ['pods/eviction']), on('create', 'pods'), false],
  ['subresources too, by an asterisk', rule(['get'], ['*']), on('get', 'pods/log'), true],
  ['a subresource of every resource', rule(['get'], ['*/status']), on('get', 'nodes/status'), true],
  ['a subresource of every resource, but not the resource', rule(['get'], ['*/status']), on('get', 'nodes'), false],
  ['nothing by an asterisk after a slash', rule(['get'], ['pods/*']), on('get', 'pods/log'), false],
  ['nothing by asterisks on both sides of a slash', rule(['get'], ['*/*']), on('get', 'pods/log'), false],
  [
    'KubeVirt’s migrate',
    rule(['update'], ['virtualmachines/migrate'], { apiGroups: ['subresources.kubevirt.io'] }),
    on('update', 'virtualmachines', migrate),
    true,
  ],
  [
    'an object it names',
    rule(['get'], ['pods'], { resourceNames: ['a', 'b'] }),
    on('get', 'pods', { name: 'b' }),
    true,
  ],
  [
    'no object it does not name',
    rule(['get'], ['pods'], { resourceNames: ['a'] }),
    on('get', 'pods', { name: 'b' }),
    false,
  ],
  ['no list when it names objects', rule(['list'], ['pods'], { resourceNames: ['a'] }), on('list', 'pods'), false],
  [
    'every object by an empty list of names',
    rule(['get'], ['pods'], { resourceNames: [] }),
    on('get', 'pods', { name: 'b' }),
    true,
  ],
  ['a path it names', urls('/metrics'), at('get', '/metrics'), true],
  ['no path below it', urls('/metrics'), at('get', '/metrics/slis'), false],
  ['paths that begin so', urls('/apis/*'), at('get', '/apis/apps/v1'), true],
  ['not the path without what the asterisk follows', urls('/apis/*'), at('get', '/apis'), false],
  ['every path', urls('*'), at('get', '/lab/v1/time'), true],
  ['no path by a rule on resources', rule(['*'], ['*'], { apiGroups: ['*'] }), at('get', '/version'), false],
  ['no resource by a rule on paths', urls('*'), on('get', 'pods'), false],
  ['nothing when it is empty', {}, on('get', 'pods'), false],
])('a rule allows %s', (_, given, wanted, allowed) => {
  expect(ruleAllows(given, wanted)).toBe(allowed);
});
