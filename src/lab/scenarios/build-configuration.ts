import type { HyperConverged, KubeObject, KubeVirt } from '../../model/objects.ts';
import { inVersion } from '../api/json.ts';
import { hyperConvergedKind } from '../api/kinds/hyperconverged.ts';
import { schemaOf } from '../api/kinds/kind.ts';
import { withDefaults } from '../api/schema/structural.ts';
import type { Cluster } from '../cluster.ts';
import { kubeVirtSpecOf } from '../controllers/hco-kubevirt.ts';
import { ownedByOperator } from '../controllers/hco-operator.ts';
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
  const wanted: HyperConverged = {
    apiVersion: 'hco.kubevirt.io/v1beta1',
    kind: 'HyperConverged',
    metadata: {
      name: 'kubevirt-hyperconverged',
      namespace: CNV_NAMESPACE,
      creationTimestamp: born,
      finalizers: ['kubevirt.io/hyperconverged'],
    },
    spec: {
      evictionStrategy: highlyAvailable ? 'LiveMigrate' : 'None',
      infra: {},
      liveMigrationConfig,
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
  const kind = hyperConvergedKind(version);
  const hyperConverged = withDefaults(wanted, schemaOf(kind, 'v1beta1'));
  store.create(
    resources.hyperConvergeds,
    withDefaults(inVersion(kind, kind.storage, hyperConverged), schemaOf(kind, kind.storage)),
  );
  const kubeVirt: KubeVirt = {
    apiVersion: 'kubevirt.io/v1',
    kind: 'KubeVirt',
    metadata: {
      name: 'kubevirt-kubevirt-hyperconverged',
      namespace: CNV_NAMESPACE,
      creationTimestamp: born,
      labels: { app: 'kubevirt-hyperconverged', 'app.kubernetes.io/managed-by': 'hco-operator' },
    },
    spec: kubeVirtSpecOf(version, hyperConverged),
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
  store.create(resources.kubeVirts, ownedByOperator(undefined, kubeVirt, Date.parse(born)));
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
