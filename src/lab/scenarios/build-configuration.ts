import type { HyperConverged, KubeObject, KubeVirt } from '../../model/objects.ts';
import type { Cluster } from '../cluster.ts';
import { CNV_NAMESPACE, resources } from '../resources.ts';
import type { Scenario } from './scenario.ts';

/** Where OpenShift Virtualization's images come from. */
export const REGISTRY = 'registry.redhat.io/container-native-virtualization';

/** The KubeVirt CR, HyperConverged with its version's defaults, and the objects of a dedicated network. */
export function createConfiguration(cluster: Cluster, scenario: Scenario, workers: number, born: string): void {
  const { version, store } = cluster;
  const highlyAvailable = workers >= 2;
  const network = scenario.migrationNetwork;
  const liveMigrationConfig = {
    ...version.hyperConvergedDefaults,
    ...(network === undefined ? {} : { network: network.name }),
    ...scenario.liveMigrationConfig,
  };
  const hyperConverged: HyperConverged = {
    apiVersion: 'hco.kubevirt.io/v1beta1',
    kind: 'HyperConverged',
    metadata: {
      name: 'kubevirt-hyperconverged',
      namespace: CNV_NAMESPACE,
      creationTimestamp: born,
      finalizers: ['kubevirt.io/hyperconverged'],
    },
    spec: {
      certConfig: {
        ca: { duration: '48h0m0s', renewBefore: '24h0m0s' },
        server: { duration: '24h0m0s', renewBefore: '12h0m0s' },
      },
      deployVmConsoleProxy: false,
      enableApplicationAwareQuota: false,
      enableCommonBootImageImport: true,
      evictionStrategy: highlyAvailable ? 'LiveMigrate' : 'None',
      featureGates: {
        alignCPUs: false,
        decentralizedLiveMigration: false,
        deployKubeSecondaryDNS: false,
        disableMDevConfiguration: false,
        downwardMetrics: false,
        persistentReservation: false,
        videoConfig: false,
      },
      higherWorkloadDensity: { memoryOvercommitPercentage: 100 },
      infra: {},
      liveMigrationConfig,
      resourceRequirements: { vmiCPUAllocationRatio: 10 },
      uninstallStrategy: 'BlockUninstallIfWorkloadsExist',
      virtualMachineOptions: { disableFreePageReporting: false, disableSerialConsoleLog: false },
      workloadUpdateStrategy: {
        batchEvictionInterval: '1m0s',
        batchEvictionSize: 10,
        workloadUpdateMethods: ['LiveMigrate'],
      },
      workloads: {},
    },
    status: {
      conditions: [
        ['ReconcileComplete', 'True', 'ReconcileCompleted', 'Reconcile completed successfully'],
        ['Available', 'True', 'ReconcileCompleted', 'Reconcile completed successfully'],
        ['Progressing', 'False', 'ReconcileCompleted', 'Reconcile completed successfully'],
        ['Degraded', 'False', 'ReconcileCompleted', 'Reconcile completed successfully'],
        ['Upgradeable', 'True', 'ReconcileCompleted', 'Reconcile completed successfully'],
      ].map(([type, status, reason, message]) => ({
        type,
        status,
        reason,
        message,
        lastTransitionTime: born,
        observedGeneration: 1,
      })),
      infrastructureHighlyAvailable: highlyAvailable,
      observedGeneration: 1,
      systemHealthStatus: 'healthy',
      versions: [{ name: 'operator', version: version.openshiftVirtualization }],
    },
  };
  store.create(resources.hyperConvergeds, hyperConverged);
  const kubeVirt: KubeVirt = {
    apiVersion: 'kubevirt.io/v1',
    kind: 'KubeVirt',
    metadata: {
      name: 'kubevirt-kubevirt-hyperconverged',
      namespace: CNV_NAMESPACE,
      creationTimestamp: born,
      labels: { app: 'kubevirt-hyperconverged', 'app.kubernetes.io/managed-by': 'hco-operator' },
    },
    spec: {
      configuration: {
        developerConfiguration: {
          cpuAllocationRatio: 10,
          memoryOvercommit: 100,
          featureGates: [
            'CPUManager',
            'Snapshot',
            'HotplugVolumes',
            'ExpandDisks',
            'HostDevices',
            'WithHostModelCPU',
            'HypervStrictCheck',
          ],
        },
        evictionStrategy: highlyAvailable ? 'LiveMigrate' : 'None',
        migrations: liveMigrationConfig,
        network: { defaultNetworkInterface: 'masquerade' },
        vmRolloutStrategy: 'LiveUpdate',
      },
      workloadUpdateStrategy: {
        batchEvictionInterval: '1m0s',
        batchEvictionSize: 10,
        workloadUpdateMethods: ['LiveMigrate'],
      },
    },
    status: {
      conditions: [
        ['Available', 'True', 'AllComponentsReady', 'All components are ready.'],
        ['Progressing', 'False', 'AllComponentsReady', 'All components are ready.'],
        ['Degraded', 'False', 'AllComponentsReady', 'All components are ready.'],
        ['Created', 'True', 'AllResourcesCreated', 'All resources were created.'],
      ].map(([type, status, reason, message]) => ({
        type: type ?? '',
        status: status ?? '',
        reason: reason ?? '',
        message: message ?? '',
        lastTransitionTime: born,
      })),
      defaultArchitecture: 'amd64',
      observedGeneration: 1,
      observedKubeVirtRegistry: REGISTRY,
      observedKubeVirtVersion: version.kubevirt,
      operatorVersion: version.kubevirt,
      outdatedVirtualMachineInstanceWorkloads: 0,
      phase: 'Deployed',
      targetKubeVirtVersion: version.kubevirt,
    },
  };
  store.create(resources.kubeVirts, kubeVirt);
  if (network === undefined) return;
  const policy: KubeObject & Record<string, unknown> = {
    apiVersion: 'nmstate.io/v1',
    kind: 'NodeNetworkConfigurationPolicy',
    metadata: { name: `${network.name}-policy`, creationTimestamp: born },
    spec: {
      nodeSelector: { 'node-role.kubernetes.io/worker': '' },
      desiredState: {
        interfaces: [
          { name: network.interface, type: 'ethernet', state: 'up', mtu: network.mtu, ipv4: { enabled: false } },
        ],
      },
    },
    status: {
      conditions: [
        {
          type: 'Available',
          status: 'True',
          reason: 'SuccessfullyConfigured',
          message: `${workers}/${workers} nodes successfully configured`,
          lastTransitionTime: born,
        },
      ],
    },
  };
  store.create(resources.nodeNetworkPolicies, policy);
  const attachment: KubeObject & Record<string, unknown> = {
    apiVersion: 'k8s.cni.cncf.io/v1',
    kind: 'NetworkAttachmentDefinition',
    metadata: { name: network.name, namespace: CNV_NAMESPACE, creationTimestamp: born },
    spec: {
      config: JSON.stringify({
        cniVersion: '0.3.1',
        name: 'migration-bridge',
        type: 'macvlan',
        master: network.interface,
        mode: 'bridge',
        mtu: network.mtu,
        ipam: { type: 'whereabouts', range: `${network.subnet}.0/24`, exclude: [`${network.subnet}.0/30`] },
      }),
    },
  };
  store.create(resources.networkAttachments, attachment);
}
