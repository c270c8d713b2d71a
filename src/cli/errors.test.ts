import { describe, expect, test } from 'vitest';
import { explain } from '../cluster/explain.ts';
import { ApiError, CancelledError, ConfigError, ConnectionError, TimeoutError, TlsError } from '../kube/errors.ts';
import { type ErrorCode, FerryError } from '../model/errors.ts';

const access = {
  verb: 'create',
  group: 'kubevirt.io',
  resource: 'virtualmachineinstancemigrations',
  namespace: 'vms',
  name: 'x',
};

describe('errors', () => {
  const abort = new Error('aborted');
  abort.name = 'AbortError';
  test.each<[string, unknown, ErrorCode, number]>([
    ['no kubeconfig', new ConfigError('no-kubeconfig', 'none'), 'FERRY_E_NO_KUBECONFIG', 2],
    ['a malformed kubeconfig', new ConfigError('malformed', 'bad'), 'FERRY_E_BAD_KUBECONFIG', 2],
    ['an unknown context', new ConfigError('unknown-context', 'bad'), 'FERRY_E_BAD_KUBECONFIG', 2],
    ['a failed credential plugin', new ConfigError('credentials', 'bad'), 'FERRY_E_BAD_KUBECONFIG', 2],
    ['a refused connection', new ConnectionError('refused', 'ECONNREFUSED', false), 'FERRY_E_UNREACHABLE', 4],
    ['a wrong CA', new TlsError('untrusted', 'untrusted', 'X'), 'FERRY_E_TLS', 4],
    ['a slow server', new TimeoutError('slow', 1000), 'FERRY_E_TIMEOUT', 6],
    ['an interruption of a request', new CancelledError('cancelled'), 'FERRY_E_INTERRUPTED', 130],
    ['an interruption of a question', abort, 'FERRY_E_INTERRUPTED', 130],
    ['an expired token', new ApiError(401, access, { message: 'Unauthorized' }), 'FERRY_E_UNAUTHORIZED', 7],
    ['a forbidden verb', new ApiError(403, access, { message: 'no' }), 'FERRY_E_FORBIDDEN', 7],
    ['a missing object', new ApiError(404, access, { message: 'no' }), 'FERRY_E_NOT_FOUND', 2],
    [
      'a cluster without KubeVirt',
      new ApiError(404, { verb: 'list', group: 'kubevirt.io', resource: access.resource }, { message: 'no' }),
      'FERRY_E_NO_KUBEVIRT',
      2,
    ],
    ['a server error', new ApiError(500, access, { message: 'broken' }), 'FERRY_E_API', 4],
    ['an error of Ferry', new FerryError('FERRY_E_REFUSED', 'no', 'hint'), 'FERRY_E_REFUSED', 8],
    ['a bug', new TypeError('x is not a function'), 'FERRY_E_INTERNAL', 5],
  ])('%s has its code, and says what to do', (_, error, code, exitCode) => {
    const told = explain(error);
    expect(told).toMatchObject({ code, exitCode });
    expect(told.message).not.toBe('');
    expect(told.hint).not.toBe('');
  });

  test('a forbidden verb is named with the rule that would grant it', () => {
    const told = explain(new ApiError(403, access, { message: 'no' }));
    expect(
      `${told.message}\n${told.hint}`,
    ).toBe(`you may not create virtualmachineinstancemigrations.kubevirt.io in namespace vms
This rule in a Role or ClusterRole that is bound to you would grant it:
  - apiGroups: ["kubevirt.io"]
    resources: ["virtualmachineinstancemigrations"]
    verbs: ["create"]
KubeVirt 1.5 and newer bring it as ClusterRole kubevirt.io:migrate.`);
  });

  test('control characters of a server stay in the server', () => {
    const told = explain(new ApiError(500, access, { message: 'a\u001b[2Jb\nc\u202ed' }));
    expect(told.message).toContain('a [2Jb c d');
  });
});
