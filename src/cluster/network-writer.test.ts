import { describe, expect, test } from 'vitest';
import { ApiError } from '../kube/errors.ts';
import type { KubeClient, StoredObject } from '../kube/types.ts';
import type { NodeNetworkConfigurationPolicy } from '../model/objects.ts';
import { deletePolicy, putPolicy, readRecord, writeNetworkSetting, writeRecord } from './network-writer.ts';
import { fakeClient } from './testing/fake-client.ts';

interface Patch {
  type: string;
  patch: unknown;
}

/** A client whose PATCHes are written down and answered; a conflict changes the object first, as whoever overtook it did. */
function recording(objects: Record<string, StoredObject[]>, conflicts = 0, overtake: () => void = () => undefined) {
  const patches: Patch[] = [];
  let left = conflicts;
  const fake = fakeClient({ objects });
  const client: KubeClient = {
    ...fake.client,
    async patch(resource, name, type, patch, options = {}) {
      patches.push({ type, patch });
      await Promise.resolve();
      if (left-- > 0) {
        overtake();
        throw new ApiError(409, { verb: 'patch' }, { message: 'the object has been modified' });
      }
      return await fake.client.get<never>(resource, name, options);
    },
  };
  return { client, patches, calls: fake.calls };
}

const POLICIES = 'nmstate.io/v1/nodenetworkconfigurationpolicies';
const policy = (spec: object): NodeNetworkConfigurationPolicy => ({
  apiVersion: 'nmstate.io/v1',
  kind: 'NodeNetworkConfigurationPolicy',
  metadata: { name: 'p', resourceVersion: '7' },
  spec,
});
const setting = {
  apiVersion: 'hco.kubevirt.io/v1beta1',
  kind: 'HyperConverged' as const,
  namespace: 'cnv',
  name: 'hco',
  path: ['spec', 'liveMigrationConfig', 'network'],
};
const holder = (network?: string): StoredObject =>
  ({
    metadata: { name: 'hco', namespace: 'cnv', resourceVersion: '9' },
    spec: { liveMigrationConfig: { network } },
  }) as StoredObject;
const HOLDERS = 'hco.kubevirt.io/v1beta1/hyperconvergeds';

describe('a policy', () => {
  test('that is not there is created', async () => {
    const { client, calls, patches } = recording({});
    await putPolicy(client, policy({ nodeSelector: { a: 'b' } }));
    expect([calls, patches]).toEqual([
      ['GET nodenetworkconfigurationpolicies /p', 'CREATE nodenetworkconfigurationpolicies /p'],
      [],
    ]);
  });

  test('that is as it is to be is left alone', async () => {
    const { client, patches } = recording({ [POLICIES]: [policy({ nodeSelector: { a: 'b' }, maxUnavailable: 1 })] });
    await putPolicy(client, policy({ nodeSelector: { a: 'b' } }));
    expect(patches).toEqual([]);
  });

  test('that differs has the fields replaced that do, on the version that was read', async () => {
    const { client, patches } = recording({ [POLICIES]: [policy({ nodeSelector: { a: 'b' }, maxUnavailable: 1 })] }, 1);
    await putPolicy(client, policy({ nodeSelector: { a: 'c' }, desiredState: {} }));
    const patch = {
      type: 'json',
      patch: [
        { op: 'replace', path: '/metadata/resourceVersion', value: '7' },
        { op: 'add', path: '/spec/nodeSelector', value: { a: 'c' } },
        { op: 'add', path: '/spec/desiredState', value: {} },
      ],
    };
    // The first met a conflict.
    expect(patches).toEqual([patch, patch]);
  });

  test('that somebody changes all the time is given up', async () => {
    const { client, patches } = recording({ [POLICIES]: [policy({})] }, 99);
    await expect(putPolicy(client, policy({ nodeSelector: {} }))).rejects.toMatchObject({ code: 'FERRY_E_REFUSED' });
    expect(patches.length).toBe(5);
  });

  test('that is gone is deleted without an error', async () => {
    await expect(deletePolicy(recording({}).client, 'p')).resolves.toBeUndefined();
  });
});

describe('the setting', () => {
  test.each([
    [
      'is set',
      undefined,
      { expected: undefined, value: 'm' },
      [{ spec: { liveMigrationConfig: { network: 'm' } }, metadata: { resourceVersion: '9' } }],
    ],
    [
      'is taken out',
      'm',
      { expected: 'm', value: undefined },
      [{ spec: { liveMigrationConfig: { network: null } }, metadata: { resourceVersion: '9' } }],
    ],
    ['that is so already is left alone', 'm', { expected: undefined, value: 'm' }, []],
  ])('%s', async (_, now, change, expected) => {
    const { client, patches } = recording({ [HOLDERS]: [holder(now)] });
    await writeNetworkSetting(client, setting, change);
    expect(patches.map(({ patch }) => patch)).toEqual(expected);
  });

  test('that is another by now is not overwritten, not even after a conflict', async () => {
    const objects = { [HOLDERS]: [holder()] };
    const { client, patches } = recording(objects, 1, () => objects[HOLDERS].splice(0, 1, holder('theirs')));
    await expect(writeNetworkSetting(client, setting, { expected: undefined, value: 'm' })).rejects.toThrow(
      'the migration network was not set and is theirs now',
    );
    expect(patches.length).toBe(1);
  });
});

describe('a record', () => {
  const place = { namespace: 'cnv', name: 'journal' };

  test('is written, and read as it was written', async () => {
    const { client } = recording({});
    await writeRecord(client, { ...place, text: 'one' });
    expect((await readRecord(client, 'cnv', 'journal'))?.text).toBe('one');
  });

  test('of another process is not overwritten', async () => {
    const { client } = recording({});
    await writeRecord(client, { ...place, text: 'theirs' });
    await expect(writeRecord(client, { ...place, text: 'mine' })).rejects.toThrow('another ferry is at work');
    // But a write whose answer was lost is taken for done.
    await expect(writeRecord(client, { ...place, text: 'theirs' })).resolves.toBeDefined();
  });
});
