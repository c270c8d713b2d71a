import { describe, expect, test } from 'vitest';
import {
  computeRequests,
  helperRequests,
  launcherSettingsOf,
  memoryOverhead,
  networkResourcesOf,
} from './launcher-requests.ts';
import type { VmiSpec } from './objects.ts';
import { kubeVirt, snapshotOf } from './testing/fixtures.ts';

const MiB = 2 ** 20;

type Options = { kubevirt?: string; configuration?: object; annotations?: Record<string, string> };

function settingsWith({ kubevirt = 'v1.6.6', configuration = {}, annotations = {} }: Options = {}) {
  const object = kubeVirt();
  Object.assign(object.spec!.configuration!, configuration);
  object.metadata.annotations = annotations;
  return launcherSettingsOf(
    snapshotOf([object], (snapshot) => {
      snapshot.versions.kubevirt = kubevirt;
    }),
  );
}

const spec = (domain: object, rest: object = {}): VmiSpec => ({ ...rest, domain: { devices: {}, ...domain } });
const two = { cpu: { cores: 2 }, memory: { guest: '4Gi' } };

test('the compute container is the one that virt-controller 1.9.0 rendered (recordings run1, VMI web01)', () => {
  const recorded = spec({
    cpu: { cores: 1, model: 'host-model' },
    devices: { disks: [{ disk: { bus: 'virtio' }, name: 'root' }], interfaces: [{ masquerade: {}, name: 'default' }] },
    memory: { guest: '1Gi', maxGuest: '4Gi' },
    resources: {},
  });
  expect(computeRequests(recorded, settingsWith({ kubevirt: 'v1.9.0' }))).toEqual({
    cpu: 100,
    'devices.kubevirt.io/kvm': 1,
    'devices.kubevirt.io/tun': 1,
    'devices.kubevirt.io/vhost-net': 1,
    'ephemeral-storage': 50_000_000,
    memory: 1292 * MiB,
  });
});

describe('memory overhead (facts/kubevirt.md F3)', () => {
  test.each<[string, VmiSpec, Options, number]>([
    ['the fact sheet’s example of 1.6', spec(two), {}, 276],
    ['the fact sheet’s example of 1.3, with page tables', spec(two), { kubevirt: 'v1.3.1' }, 274 + 0.001953125],
    ['an exec probe', spec(two, { livenessProbe: { exec: {} } }), {}, 276 + 110],
    ['two exec probes', spec(two, { livenessProbe: { exec: {} }, readinessProbe: { exec: {} } }), {}, 276 + 120],
    ['a probe that runs nothing', spec(two, { livenessProbe: {} }), {}, 276],
    ['a downward metrics disk', spec(two, { volumes: [{ name: 'm', downwardMetrics: {} }] }), {}, 277],
    [
      'Guaranteed QoS',
      spec({ ...two, resources: { requests: { cpu: '1', memory: '0.5Gi' }, limits: { cpu: '1', memory: '512Mi' } } }),
      {},
      276 + 100 + 1,
    ],
    ['a reserve', spec({ ...two, memory: { guest: '4Gi', reservedOverhead: { addedOverhead: '64Mi' } } }), {}, 340],
    [
      'twice with the ratio, and a binding plugin after it',
      spec({ ...two, devices: { interfaces: [{ name: 'x', binding: { name: 'passt' } }] } }),
      {
        configuration: {
          additionalGuestMemoryOverheadRatio: '2',
          network: { binding: { passt: { computeResourceOverhead: { requests: { memory: '500Mi' } } } } },
        },
      },
      552 + 500,
    ],
  ])('%s', (_, of, options, mebi) => {
    expect(memoryOverhead(of, settingsWith(options)) / MiB).toBeCloseTo(mebi, 2);
  });
});

describe('requests', () => {
  test.each<[string, VmiSpec, Options, object]>([
    ['of three vCPUs at a ratio of 7 are rounded up', spec({ cpu: { cores: 3 } }), ratio(7), { cpu: 429 }],
    [
      'of dedicated CPUs complete to even parity',
      spec({ cpu: { cores: 4, dedicatedCpuPlacement: true, isolateEmulatorThread: true } }),
      { annotations: { 'alpha.kubevirt.io/EmulatorThreadCompleteToEvenParity': '' } },
      { cpu: 6000 },
    ],
    [
      'count the supplemental I/O pool since 1.5',
      spec({ cpu: { cores: 2 }, ioThreadsPolicy: 'supplementalPool', ioThreads: { supplementalPoolThreadCount: 4 } }),
      {},
      { cpu: 600 },
    ],
    [
      'do not before',
      spec({ cpu: { cores: 2 }, ioThreadsPolicy: 'supplementalPool', ioThreads: { supplementalPoolThreadCount: 4 } }),
      { kubevirt: 'v1.4.1' },
      { cpu: 200 },
    ],
    [
      'keep what is requested beyond huge pages as ordinary memory',
      spec({
        ...two,
        memory: { guest: '4Gi', hugepages: { pageSize: '1Gi' } },
        resources: { requests: { memory: '5Gi' } },
      }),
      {},
      { 'hugepages-1Gi': 4 * 1024 * MiB },
    ],
  ])('%s', (_, of, options, expected) => {
    expect(computeRequests(of, settingsWith(options))).toMatchObject(expected);
  });

  test('ask for no device that emulation or a VM without network does not need', () => {
    const emulated = settingsWith({ configuration: { developerConfiguration: { useEmulation: true } } });
    const asked = computeRequests(spec({ ...two, devices: { autoattachPodInterface: false } }), emulated);
    expect(Object.keys(asked).filter((name) => name.startsWith('devices'))).toEqual([]);
  });

  test('tell no memory where only an instance type does', () => {
    expect(computeRequests(spec({}), settingsWith())).not.toHaveProperty('memory');
  });

  test('of networks are what their NetworkAttachmentDefinition names, one each', () => {
    const networks = ['a', 'b', 'c'].map((name) => ({ name, multus: { networkName: name } }));
    const found = networkResourcesOf(spec({}, { networks: [{ name: 'pod', pod: {} }, ...networks] }), (name) => ({
      apiVersion: 'k8s.cni.cncf.io/v1',
      kind: 'NetworkAttachmentDefinition',
      metadata: {
        name,
        annotations: { 'k8s.v1.cni.cncf.io/resourceName': name === 'c' ? '' : 'openshift.io/vf' },
      },
    }));
    expect(found).toEqual({ 'openshift.io/vf': 2 });
  });

  test('of a launcher that does not run yet: the log of its console, a container for each image', () => {
    const of = spec(two, { volumes: [{ name: 'root', containerDisk: { image: 'x' } }] });
    expect(helperRequests(of, settingsWith())).toEqual({ cpu: 6, memory: 36_000_000 });
    const quiet = settingsWith({ configuration: { virtualMachineOptions: { disableSerialConsoleLog: {} } } });
    expect(helperRequests(of, quiet)).toEqual({ cpu: 1, memory: 1_000_000 });
    expect(helperRequests(spec({ ...two, devices: { logSerialConsole: true } }), quiet)).toEqual({
      cpu: 5,
      memory: 35_000_000,
    });
  });
});

function ratio(cpuAllocationRatio: number): Options {
  return { configuration: { developerConfiguration: { cpuAllocationRatio } } };
}
