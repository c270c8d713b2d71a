import { expect, test } from 'vitest';
import type { KubeClient } from '../kube/types.ts';
import { type Need, requireRights, tellingAllMissing } from './rights.ts';

/** A cluster in which one may do what `may` says. */
function cluster(may: (need: Need & { namespace?: string }) => boolean): KubeClient {
  const raw: KubeClient['raw'] = (_, __, options) => {
    const { spec } = options!.body as { spec: { resourceAttributes: Need & { namespace?: string } } };
    const allowed = may(spec.resourceAttributes);
    return Promise.resolve({ status: 201, headers: {}, text: JSON.stringify({ status: { allowed } }) } as never);
  };
  return { raw } as KubeClient;
}

const policies: Need = { verb: 'create', group: 'nmstate.io', resource: 'nodenetworkconfigurationpolicies' };
const records: Need = { verb: 'create', group: '', resource: 'configmaps' };
const places = [
  { namespace: undefined, needs: [policies] },
  { namespace: 'kubevirt', needs: [records] },
];

test('whoever may do all of it is let through', async () => {
  await expect(
    requireRights(
      cluster(() => true),
      places,
    ),
  ).resolves.toBeUndefined();
});

test('what is missing is told place by place, each with its rule', async () => {
  await expect(
    requireRights(
      cluster(() => false),
      places,
    ),
  ).rejects.toMatchObject({
    code: 'FERRY_E_FORBIDDEN',
    message:
      'you may not create nodenetworkconfigurationpolicies.nmstate.io in the whole cluster; create configmaps in namespace kubevirt',
    hint: expect.stringMatching(
      /in a ClusterRole that[\s\S]*nodenetwork[\s\S]*in a Role or ClusterRole that[\s\S]*configmaps/,
    ),
  });
});

test('a right in the namespace where it is needed is not asked for in the whole cluster', async () => {
  // Whoever asks once more, for the whole cluster, would be told of configmaps as well.
  const client = cluster(({ resource, namespace }) => resource === 'configmaps' && namespace === 'kubevirt');
  const work = tellingAllMissing(client, undefined, [policies, records], () => requireRights(client, places));
  await expect(work).rejects.toMatchObject({
    message: 'you may not create nodenetworkconfigurationpolicies.nmstate.io in the whole cluster',
  });
});
