import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { computeRequests, launcherSettingsOf } from '../src/model/launcher-requests.ts';
import type { Pod, VirtualMachineInstance } from '../src/model/objects.ts';
import { amountsOf } from '../src/model/pods.ts';
import { kubeVirt, snapshotOf } from '../src/model/testing/fixtures.ts';

const recordings = '../shared/recordings/run1';

function objectsIn<T>(file: string): T[] {
  return readFileSync(`${recordings}/${file}`, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const entry = JSON.parse(line) as { object?: T; event?: { object: T } };
      return (entry.object ?? entry.event?.object ?? entry) as T;
    });
}

test.skipIf(!existsSync(recordings))('every launcher that virt-controller 1.9.0 was recorded to render', () => {
  const settings = launcherSettingsOf(
    snapshotOf([kubeVirt()], (snapshot) => {
      snapshot.versions.kubevirt = 'v1.9.0';
    }),
  );
  const vmis = new Map(
    objectsIn<VirtualMachineInstance>('vmi.watch.jsonl').map((vmi) => [vmi.metadata?.uid ?? '', vmi]),
  );
  const pods = new Map(
    objectsIn<Pod>('pods.watch.jsonl')
      .filter((pod) => pod.metadata?.labels?.['kubevirt.io'] === 'virt-launcher')
      .map((pod) => [pod.metadata.uid, pod]),
  );
  expect(pods.size).toBeGreaterThan(20);
  for (const pod of pods.values()) {
    const vmi = vmis.get(pod.metadata.labels?.['kubevirt.io/created-by'] ?? '');
    if (vmi === undefined) continue;
    const compute = pod.spec?.containers.find(({ name }) => name === 'compute');
    expect([pod.metadata.name, computeRequests(vmi.spec, settings)]).toEqual([
      pod.metadata.name,
      amountsOf(compute?.resources?.requests as Record<string, string>),
    ]);
  }
});
