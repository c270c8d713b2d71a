import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { checkVms } from '../src/assess/assess.ts';
import { readSnapshot } from '../src/cluster/snapshot.ts';
import { connect } from '../src/kube/connect.ts';
import { ApiError } from '../src/kube/errors.ts';
import { realTiming } from '../src/kube/timing.ts';
import type { KubeClient } from '../src/kube/types.ts';
import { type Lab, startLab } from '../src/lab/lab.ts';
import { hasHotplugVolumes } from '../src/model/attachment-pod.ts';
import type { VirtualMachineInstanceMigration } from '../src/model/objects.ts';
import { takesTarget, versionOf } from '../src/model/versions/index.ts';
import { vmsOf } from '../src/model/vm.ts';
import {
  claimsOf,
  clusters,
  FUNCTIONS,
  LIMITS,
  type NodeChange,
  pluggedInto,
  type RandomCluster,
  scenarioOf,
  vmObject,
} from './truth/random-cluster.ts';

// What check says, and what the cluster then does when the move is tried: on random clusters, through their API. A VM
// called live moves; one called cold or blocked does not. TRUTH_RUNS sets how many clusters (about five moves each), TRUTH_SEED which.

const RUNS = Number(process.env['TRUTH_RUNS'] ?? 30);
const directory = mkdtempSync(join(tmpdir(), 'ferry-truth-'));
afterAll(() => rmSync(directory, { recursive: true }));

const MINUTE = 60_000;
/** What the cluster has to itself before and after a change. */
const SETTLE = 2 * MINUTE;
/** A target pod that fits nowhere is given up after 5 minutes, one that does not start after 15 (facts/kubevirt.md C1). */
const PATIENCE = 17 * MINUTE;
const migrations = {
  group: 'kubevirt.io',
  version: 'v1',
  plural: 'virtualmachineinstancemigrations',
  namespaced: true,
} as const;

interface Attempt {
  vm: string;
  target?: string;
  verdict: string;
  /** `moved`, `refused: ...`, or the last phase. */
  outcome: string;
  /** The blockers that check named. */
  because: string[];
  /** It has a volume that was plugged in. */
  plugged: boolean;
}

async function send(
  client: KubeClient,
  method: string,
  path: string,
  body: object,
  type = 'application/json',
): Promise<void> {
  await client.raw(method, path, { headers: { 'content-type': type }, body });
}

async function change(client: KubeClient, node: string, what: NodeChange): Promise<void> {
  const path = `/api/v1/nodes/${node}`;
  const merge = (body: object): Promise<void> => send(client, 'PATCH', path, body, 'application/merge-patch+json');
  switch (what) {
    case 'cordon':
      return await merge({ spec: { unschedulable: true } });
    case 'taint':
      return await merge({ spec: { taints: [{ key: 'maintenance', effect: 'NoSchedule' }] } });
    case 'zone-b':
      return await merge({ metadata: { labels: { zone: 'b' } } });
    case 'no-zone':
      return await merge({ metadata: { labels: { zone: null } } });
    case 'unlabelled-cpu':
      return await merge({ metadata: { labels: { 'cpu-model-migration.node.kubevirt.io/Cascadelake-Server': null } } });
    case 'silent':
      return await merge({ metadata: { annotations: { 'lab.ferry.run/down': 'true' } } });
    default:
  }
}

const HARD: Record<string, object> = {
  'no-room': { pods: '1' },
  'some-room': { pods: '20', 'requests.memory': '40Gi' },
  stated: { 'limits.memory': '90Gi' },
};
const GATE = JSON.stringify([
  { op: 'add', path: '/spec/configuration/developerConfiguration/featureGates/-', value: 'VGPULiveMigration' },
]);

/** Brings a lab into the state that is described. */
async function build(lab: Lab, client: KubeClient, cluster: RandomCluster): Promise<void> {
  const workers = cluster.nodes.map((_, index) => `w${index}-0`);
  for (const node of workers) {
    await send(
      client,
      'PATCH',
      `/api/v1/nodes/${node}`,
      { metadata: { labels: { zone: 'a' } } },
      'application/merge-patch+json',
    );
  }
  for (const [index, { functions }] of cluster.nodes.entries()) {
    const amounts = { [FUNCTIONS]: String(functions) };
    await send(
      client,
      'PATCH',
      `/api/v1/nodes/w${index}-0/status`,
      { status: { capacity: amounts, allocatable: amounts } },
      'application/merge-patch+json',
    );
  }
  await send(client, 'POST', '/apis/k8s.cni.cncf.io/v1/namespaces/vms/network-attachment-definitions', {
    apiVersion: 'k8s.cni.cncf.io/v1',
    kind: 'NetworkAttachmentDefinition',
    metadata: { name: 'fast', annotations: { 'k8s.v1.cni.cncf.io/resourceName': FUNCTIONS } },
    spec: { config: JSON.stringify({ cniVersion: '1.0.0', name: 'fast', type: 'sriov' }) },
  });
  // In half of the clusters the one vGPU of v1.9 can move.
  await send(
    client,
    'PATCH',
    '/apis/hco.kubevirt.io/v1beta1/namespaces/openshift-cnv/hyperconvergeds/kubevirt-hyperconverged',
    {
      metadata: cluster.seed % 2 === 0 ? { annotations: { 'kubevirt.kubevirt.io/jsonpatch': GATE } } : {},
      spec: {
        permittedHostDevices: { mediatedDevices: [{ mdevNameSelector: 'A10-4Q', resourceName: 'nvidia.com/A10' }] },
      },
    },
    'application/merge-patch+json',
  );
  lab.clock.advanceBy(10_000);
  for (const [index, vm] of cluster.vms.entries()) {
    const name = `vm${index}`;
    for (const claim of claimsOf(name, vm))
      await send(client, 'POST', '/api/v1/namespaces/vms/persistentvolumeclaims', claim);
    const object = vmObject(name, vm, workers[index % workers.length] ?? '');
    // Some of what is drawn KubeVirt does not take at all: such a VM is not there.
    await send(client, 'POST', '/apis/kubevirt.io/v1/namespaces/vms/virtualmachines', object).catch(
      (error: unknown) => {
        if (!(error instanceof ApiError)) throw error;
      },
    );
    lab.clock.advanceBy(30_000);
    const plugged = pluggedInto(name, vm, cluster);
    if (plugged === undefined) continue;
    await send(client, 'POST', '/api/v1/namespaces/vms/persistentvolumeclaims', plugged.claim);
    const path = `/apis/subresources.kubevirt.io/v1/namespaces/vms/virtualmachines/${name}/addvolume`;
    await send(client, 'PUT', path, plugged.options).catch((error: unknown) => {
      if (!(error instanceof ApiError)) throw error;
    });
  }
  lab.clock.advanceBy(SETTLE);
  for (const [index, node] of workers.entries()) await change(client, node, cluster.nodeChanges[index] ?? 'none');
  if (cluster.quota !== 'none') {
    const hard = HARD[cluster.quota];
    const quota = { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'quota' }, spec: { hard } };
    await send(client, 'POST', '/api/v1/namespaces/vms/resourcequotas', quota);
  }
  const limits = LIMITS[cluster.limits];
  if (limits !== undefined) {
    const body = { apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'limits' }, spec: { limits } };
    await send(client, 'POST', '/api/v1/namespaces/vms/limitranges', body);
  }
  lab.clock.advanceBy(SETTLE);
}

/** Tries to move a VM and lets lab time pass until it is decided. */
async function attempt(lab: Lab, client: KubeClient, name: string, target: string | undefined): Promise<string> {
  const body = {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstanceMigration',
    metadata: { name: `move-${name}` },
    spec: { vmiName: name, ...(target && { addedNodeSelector: { 'kubernetes.io/hostname': target } }) },
  };
  try {
    await client.create(migrations, body, { namespace: 'vms' });
  } catch (error) {
    if (error instanceof ApiError) return `refused: ${error.message}`;
    throw error;
  }
  const options = { namespace: 'vms' };
  const phaseOf = async (): Promise<string> =>
    (await client.get<VirtualMachineInstanceMigration>(migrations, `move-${name}`, options)).status?.phase ?? '';
  const end = lab.clock.now() + PATIENCE;
  let phase = '';
  while (lab.clock.now() < end && phase !== 'Succeeded' && phase !== 'Failed') {
    lab.clock.advanceBy(20_000);
    phase = await phaseOf();
  }
  await client.delete(migrations, `move-${name}`, options);
  lab.clock.advanceBy(MINUTE);
  return phase === 'Succeeded' ? 'moved' : phase === '' ? 'Pending' : phase;
}

async function tryAll(cluster: RandomCluster): Promise<Attempt[]> {
  const kubeconfig = join(directory, `kubeconfig-${cluster.seed}`);
  const lab = await startLab({
    scenario: scenarioOf(cluster),
    cnv: cluster.release,
    seed: cluster.seed,
    speed: 'stopped',
    startTime: Date.parse('2026-05-04T10:00:00Z'),
    kubeconfigPath: kubeconfig,
  });
  const client = await connect({ kubeconfig }, realTiming);
  try {
    await build(lab, client, cluster);
    const attempts: Attempt[] = [];
    const choosable = takesTarget(versionOf(cluster.release)?.kubevirt) === true;
    for (const [index] of cluster.vms.entries()) {
      const name = `vm${index}`;
      const snapshot = await readSnapshot(client);
      const vm = vmsOf(snapshot).find((each) => each.name === name);
      if (vm === undefined) continue;
      const wanted = cluster.targets[index];
      const node = wanted === undefined || wanted >= cluster.nodes.length ? undefined : `w${wanted}-0`;
      const target = choosable && node !== vm.node ? node : undefined;
      const item = checkVms(snapshot, [vm], target === undefined ? {} : { target }).items[0];
      if (item === undefined) continue;
      const outcome = await attempt(lab, client, name, target);
      const because = item.findings
        .filter(({ severity }) => severity === 'blocker')
        .map(({ check, message }) => `${check}: ${message}`);
      const plugged = hasHotplugVolumes(vm);
      attempts.push({ vm: name, ...(target && { target }), verdict: item.verdict, outcome, because, plugged });
    }
    expect(lab.faults).toEqual([]);
    return attempts;
  } finally {
    client.close();
    await lab.stop();
  }
}

describe('what check says is what happens', () => {
  test(
    `on ${RUNS} random clusters: what is called live moves, nothing else does`,
    async () => {
      const seen = { live: 0, cold: 0, blocked: 0 };
      let plugged = 0;
      await fc.assert(
        fc.asyncProperty(clusters, async (cluster) => {
          const attempts = await tryAll(cluster);
          for (const { verdict } of attempts) seen[verdict as keyof typeof seen]++;
          plugged += attempts.filter((each) => each.plugged && each.verdict === 'live').length;
          const wrong = attempts.filter(({ verdict, outcome }) => (verdict === 'live') !== (outcome === 'moved'));
          expect(wrong).toEqual([]);
        }),
        { numRuns: RUNS, seed: Number(process.env['TRUTH_SEED'] ?? 7), endOnFailure: true },
      );
      // Each kind of verdict was put to the test.
      expect(Math.min(seen.live, seen.cold, seen.blocked)).toBeGreaterThan(RUNS / 10);
      expect(plugged).toBeGreaterThan(0);
    },
    Math.max(600_000, RUNS * 6_000),
  );
});
