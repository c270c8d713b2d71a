import { describe, expect, test } from 'vitest';
import { ConnectionError } from '../kube/errors.ts';
import { handlerPod, snapshotOf } from '../model/testing/fixtures.ts';
import { type Progress, parseProgress, readProgress } from './progress.ts';
import { fakeClient } from './testing/fake-client.ts';

const of = (name: string) => `{name="${name}",namespace="vms",node="n1"}`;

const v16 = `# HELP kubevirt_vmi_migration_data_processed_bytes The total Guest OS data processed.
# TYPE kubevirt_vmi_migration_data_processed_bytes gauge
kubevirt_vmi_migration_data_processed_bytes${of('web')} 3.221225472e+09 1767322800000
kubevirt_vmi_migration_data_remaining_bytes${of('web')} 1.073741824e+09 1767322800000
kubevirt_vmi_migration_data_total_bytes${of('web')} 4.294967296e+09 1767322800000
kubevirt_vmi_migration_dirty_memory_rate_bytes${of('web')} 1e+06
kubevirt_vmi_migration_disk_transfer_rate_bytes${of('web')} 1.25e+08
kubevirt_vmi_migration_data_processed_bytes${of('db')} 5
kubevirt_vmi_migration_data_remaining_bytes${of('db')} 7
kubevirt_vmi_memory_domain_bytes${of('web')} 4.2e9
`;

const web = {
  processedBytes: 3_221_225_472,
  remainingBytes: 1_073_741_824,
  totalBytes: 4_294_967_296,
  dirtyRate: 1e6,
  transferRate: 125e6,
};

describe('the metrics of virt-handler', () => {
  test('of KubeVirt 1.6 and before, for each VM', () => {
    expect(parseProgress(v16)).toEqual(
      new Map<string, Progress>([
        ['vms/web', web],
        ['vms/db', { processedBytes: 5, remainingBytes: 7 }],
      ]),
    );
  });

  test('of KubeVirt 1.8 and later, under their new names', () => {
    const v18 = v16
      .replace('data_total_bytes', 'data_bytes_total')
      .replace('disk_transfer_rate', 'memory_transfer_rate');
    expect(parseProgress(v18).get('vms/web')).toEqual(web);
  });

  test.each([
    ['nothing is measured yet', 'kubevirt_vmi_migration_data_total_bytes{name="web",namespace="vms"} 4\n'],
    [
      'not a number',
      `kubevirt_vmi_migration_data_processed_bytes${of('web')} NaN\nkubevirt_vmi_migration_data_remaining_bytes${of('web')} 1\n`,
    ],
    ['garbage', 'kubevirt_vmi_migration_data_processed_bytes{{{ x\n<html>'],
    ['empty', ''],
  ])('%s: no progress', (_, text) => {
    expect(parseProgress(text).get('vms/web')).toBeUndefined();
  });

  test('label values may hold anything', () => {
    const text = ['processed', 'remaining']
      .map(
        (what) =>
          `kubevirt_vmi_migration_data_${what}_bytes{x="a}\\"b,\\\\",namespace="vms",name="web"} 1 1767322800000\n`,
      )
      .join('');
    expect(parseProgress(text).get('vms/web')).toEqual({ processedBytes: 1, remainingBytes: 1 });
  });
});

describe('readProgress', () => {
  const path = '/api/v1/namespaces/openshift-cnv/pods/https:virt-handler-n1:8443/proxy/metrics';
  const watched = { namespace: 'vms', vmi: 'web', sourceNode: 'n1' };
  const pods = [handlerPod('n2'), handlerPod('n1')];

  test("asks the source node's virt-handler through the API server", async () => {
    const { client, calls } = fakeClient({ raw: { [path]: v16 } });
    expect(await readProgress(client, snapshotOf(pods), watched)).toEqual(web);
    expect(await readProgress(client, pods, { ...watched, vmi: 'other' })).toBeUndefined();
    expect(calls).toEqual([`GET ${path}`, `GET ${path}`]);
  });

  test.each([
    ['forbidden', { status: 403 }],
    ['no such pod', { status: 404 }],
    ['the handler does not answer', { status: 503 }],
    ['the connection breaks', new ConnectionError('hung up', 'ECONNRESET', true)],
  ])('%s: no progress, and no error', async (_, refusal) => {
    const { client } = fakeClient({ raw: { [path]: refusal } });
    expect(await readProgress(client, pods, watched)).toBeUndefined();
  });

  test('without a virt-handler there nobody is asked', async () => {
    const { client, calls } = fakeClient({});
    expect(await readProgress(client, pods, { ...watched, sourceNode: 'n3' })).toBeUndefined();
    expect(calls).toEqual([]);
  });
});
