import { expect, test } from 'vitest';
import { accessOf } from './access.ts';

test.each([
  ['GET', '/version', { verb: 'get', path: '/version' }],
  ['GET', '/apis/kubevirt.io/v1', { verb: 'get', path: '/apis/kubevirt.io/v1' }],
  ['GET', '/api/v1/nodes', { verb: 'list', group: '', resource: 'nodes' }],
  ['GET', '/api/v1/nodes/n1', { verb: 'get', group: '', resource: 'nodes', name: 'n1' }],
  ['GET', '/api/v1/namespaces/vms', { verb: 'get', group: '', resource: 'namespaces', name: 'vms' }],
  ['PUT', '/api/v1/namespaces/vms/status', { verb: 'update', group: '', resource: 'namespaces/status', name: 'vms' }],
  [
    'POST',
    '/api/v1/namespaces/vms/pods/p/eviction?dryRun=All',
    { verb: 'create', group: '', resource: 'pods/eviction', namespace: 'vms', name: 'p' },
  ],
  [
    'PATCH',
    '/apis/kubevirt.io/v1/namespaces/vms/virtualmachines/a%3Ab',
    { verb: 'patch', group: 'kubevirt.io', resource: 'virtualmachines', namespace: 'vms', name: 'a:b' },
  ],
  [
    'PUT',
    '/apis/subresources.kubevirt.io/v1/namespaces/vms/virtualmachines/a/migrate',
    {
      verb: 'update',
      group: 'subresources.kubevirt.io',
      resource: 'virtualmachines/migrate',
      namespace: 'vms',
      name: 'a',
    },
  ],
  [
    'DELETE',
    '/api/v1/namespaces/vms/pods',
    { verb: 'deletecollection', group: '', resource: 'pods', namespace: 'vms' },
  ],
  [
    'DELETE',
    '/api/v1/namespaces/vms/pods/p',
    { verb: 'delete', group: '', resource: 'pods', namespace: 'vms', name: 'p' },
  ],
])('%s %s needs %j', (method, path, expected) => {
  expect(accessOf(method, path)).toEqual(expected);
});

test('a watch needs the verb watch', () => {
  expect(accessOf('GET', '/api/v1/pods', true)).toEqual({ verb: 'watch', group: '', resource: 'pods' });
});
