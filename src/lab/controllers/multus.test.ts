import { beforeEach, describe, expect, test } from 'vitest';
import type { KubeObject, Pod, VirtualMachineInstance } from '../../model/objects.ts';
import { remove } from '../cluster.ts';
import { resources } from '../resources.ts';
import { small } from '../scenarios/small.ts';
import { type TestLab, testLab } from '../testing.ts';
import { launcherPod } from './launcher-pod.ts';
import { NETWORK_STATUS, NETWORKS, networkStatusOf } from './multus-selection.ts';
import type { IpPool } from './whereabouts-pools.ts';

let lab: TestLab;
let names = 0;

beforeEach(() => {
  lab = testLab(small);
});

const ipam = { type: 'whereabouts', range: '10.9.0.0/29' };

function define(config: object | string, name = 'storage', namespace = 'shop'): void {
  const attachment: KubeObject & { spec: object } = {
    apiVersion: 'k8s.cni.cncf.io/v1',
    kind: 'NetworkAttachmentDefinition',
    metadata: { name, namespace },
    spec: {
      config: typeof config === 'string' ? config : JSON.stringify({ cniVersion: '0.3.1', name: 'net', ...config }),
    },
  };
  lab.store.create(resources.networkAttachments, attachment);
}

function podOn(networks: string, node = 'worker-0'): Pod {
  return lab.store.create<Pod>(resources.pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `probe-${names++}`, namespace: 'shop', annotations: { [NETWORKS]: networks } },
    spec: { nodeName: node, containers: [{ name: 'probe', image: 'probe' }] },
    status: { phase: 'Pending' },
  });
}

const fresh = (pod: Pod): Pod => lab.store.get<Pod>(resources.pods, pod.metadata.namespace, pod.metadata.name)!;
const allocations = (): string[] =>
  lab.store
    .list<IpPool>(resources.ipPools)
    .flatMap(({ spec }) => Object.values(spec.allocations).map(({ podref }) => podref));

describe('a pod with secondary networks', () => {
  test('gets its interface, an address of the range and the status annotation; they are free again when it goes', () => {
    define({ type: 'macvlan', master: 'enp4s0', ipam });
    const pod = podOn('storage@data0');
    lab.run();
    expect(networkStatusOf(fresh(pod))).toMatchObject([
      { name: 'ovn-kubernetes', interface: 'eth0', ips: [fresh(pod).status?.podIP], default: true },
      { name: 'shop/storage', interface: 'data0', ips: ['10.9.0.1'], mtu: 1500 },
    ]);
    expect(lab.eventsOf('Pod', pod.metadata.name)).toContain(
      'Normal AddedInterface Add data0 [10.9.0.1/29] from shop/storage',
    );
    expect(allocations()).toEqual([`shop/${pod.metadata.name}`]);
    remove(lab, resources.pods, fresh(pod));
    lab.run();
    expect(allocations()).toEqual([]);
    expect(lab.store.count(resources.ipReservations)).toBe(0);
  });

  test('waits when the range is used up, and starts when an address comes free', () => {
    define({ type: 'macvlan', master: 'enp4s0', ipam: { ...ipam, exclude: ['10.9.0.2/31', '10.9.0.4/30'] } });
    const first = podOn('storage');
    lab.run();
    const second = podOn('storage');
    lab.clock.advanceBy(60_000);
    expect(fresh(second).status?.phase).toBe('Pending');
    expect(fresh(second).status?.containerStatuses?.[0]?.state?.waiting?.reason).toBe('ContainerCreating');
    expect(lab.eventsOf('Pod', second.metadata.name).join('\n')).toMatch(
      /FailedCreatePodSandBox Failed to create pod sandbox: rpc error: .* error adding container to network "net": plugin type="macvlan" failed \(add\): error at storage engine: Could not allocate IP in range: ip: 10\.9\.0\.1 \/ - 10\.9\.0\.6 \/ range: 10\.9\.0\.0\/29 \/ excludeRanges: \[10\.9\.0\.2\/31 10\.9\.0\.4\/30\]/,
    );
    remove(lab, resources.pods, fresh(first));
    lab.run();
    expect(fresh(second).status?.phase).toBe('Running');
    expect(networkStatusOf(fresh(second))[1]?.ips).toEqual(['10.9.0.1']);
  });

  const MULTUS = 'error loading k8s delegates k8s args: TryLoadPodDelegates: error in getting k8s network for pod: ';
  test.each<[string, object | string, string, string]>([
    [
      'a master the node does not have',
      { type: 'macvlan', master: 'eth1', ipam },
      'storage',
      'error adding container to network "net": plugin type="macvlan" failed (add): Link not found',
    ],
    [
      'an MTU above the master’s',
      { type: 'macvlan', master: 'enp4s0', mtu: 9000, ipam },
      'storage',
      'plugin type="macvlan" failed (add): invalid MTU 9000, must be [0, master MTU(1500)]',
    ],
    [
      'a host device that is not there',
      { type: 'host-device', device: 'eth7' },
      'storage',
      'plugin type="host-device" failed (add): failed to find host device: Link not found',
    ],
    [
      'an OVS bridge that is not there',
      { type: 'ovs', bridge: 'br-lm' },
      'storage',
      'plugin type="ovs" failed (add): failed to find bridge br-lm',
    ],
    [
      'DHCP without a daemon',
      { type: 'macvlan', master: 'enp4s0', ipam: { type: 'dhcp' } },
      'storage',
      'error dialing DHCP daemon: dial unix /run/cni/dhcp.sock: connect: no such file or directory',
    ],
    [
      'an unknown plugin',
      { type: 'magic' },
      'storage',
      'failed to find plugin "magic" in path [/opt/multus/bin /var/lib/cni/bin /usr/libexec/cni]',
    ],
    [
      'no such definition',
      { type: 'macvlan', master: 'enp4s0' },
      'other',
      `${MULTUS}GetNetworkDelegates: failed getting the delegate: getKubernetesDelegate: cannot find a network-attachment-definition (other) in namespace (shop): network-attachment-definitions.k8s.cni.cncf.io "other" not found`,
    ],
    [
      'a definition of another namespace',
      { type: 'macvlan', master: 'enp4s0' },
      'finance/storage',
      `${MULTUS}GetNetworkDelegates: namespace isolation enabled, annotation violates permission, pod is in namespace shop but refers to target namespace finance`,
    ],
    [
      'an annotation that is none',
      { type: 'macvlan', master: 'enp4s0' },
      'a/b/c',
      `${MULTUS}parsePodNetworkAnnotation: parsePodNetworkObjectName: Invalid network object (failed at '/')`,
    ],
    ['a configuration that is no JSON', '{', 'storage', 'error adding container to network "storage":'],
  ])('%s: it is stuck, and the event says why', (_, config, networks, text) => {
    define(config);
    const pod = podOn(networks);
    lab.clock.advanceBy(5000);
    expect(fresh(pod).status?.phase).toBe('Pending');
    expect(lab.eventsOf('Pod', pod.metadata.name).find((event) => event.includes('FailedCreatePodSandBox'))).toContain(
      text,
    );
    expect(allocations()).toEqual([]);
  });

  test.each<[string, object, string[][]]>([
    ['a bridge without IPAM has no address', { type: 'bridge', bridge: 'br1' }, [[], []]],
    [
      'static IPAM gives everyone the same',
      { type: 'macvlan', master: 'enp4s0', ipam: { type: 'static', addresses: [{ address: '10.1.1.1/24' }] } },
      [['10.1.1.1'], ['10.1.1.1']],
    ],
    [
      'host-local counts on each node for itself',
      { type: 'macvlan', master: 'enp4s0', ipam: { type: 'host-local', subnet: '10.1.1.0/24' } },
      [['10.1.1.2'], ['10.1.1.2']],
    ],
  ])('%s', (_, config, expected) => {
    define(config);
    const pods = [podOn('storage', 'worker-0'), podOn('storage', 'worker-1')];
    lab.run();
    expect(pods.map((pod) => networkStatusOf(fresh(pod))[1]?.ips ?? [])).toEqual(expected);
  });

  test('a host device is one pod’s alone', () => {
    define({ type: 'host-device', device: 'enp4s0' });
    const pods = [podOn('storage'), podOn('storage')];
    lab.clock.advanceBy(10_000);
    expect(pods.map((pod) => fresh(pod).status?.phase ?? '').toSorted((a, b) => a.localeCompare(b))).toEqual([
      'Pending',
      'Running',
    ]);
  });

  test('a launcher asks for the networks of its VM, by JSON and with hashed interface names, and gets them', () => {
    define({ type: 'macvlan', master: 'enp4s0', ipam });
    const vmi = structuredClone<VirtualMachineInstance>(lab.vmi('shop', 'storefront-web-1'));
    vmi.spec.networks = [...(vmi.spec.networks ?? []), { name: 'blue', multus: { networkName: 'storage' } }];
    const pod = launcherPod(lab, vmi);
    // sha256('blue') begins with 16477688c0e.
    expect(JSON.parse(pod.metadata.annotations?.[NETWORKS] ?? '')).toEqual([
      { name: 'storage', namespace: 'shop', interface: 'pod16477688c0e' },
    ]);
    const placed = lab.store.create<Pod>(resources.pods, {
      ...pod,
      metadata: { ...pod.metadata, name: 'virt-launcher-x' },
      spec: { ...pod.spec!, nodeName: 'worker-2' },
    });
    lab.clock.advanceBy(5000);
    expect(fresh(placed).metadata.annotations?.[NETWORK_STATUS]).toContain('pod16477688c0e');
  });
});
