import type { HyperConverged, KubeVirt } from '../../model/objects.ts';
import { inVersion } from '../api/json.ts';
import { hyperConvergedKind } from '../api/kinds/hyperconverged.ts';
import { schemaOf } from '../api/kinds/kind.ts';
import { withDefaults } from '../api/schema/structural.ts';
import type { Cluster } from '../cluster.ts';
import { kubeVirtSpecOf } from '../controllers/hco-kubevirt.ts';
import { ownedByOperator } from '../controllers/hco-operator.ts';
import { deploymentId, REGISTRY } from '../controllers/virt-operator-daemonset.ts';
import { CNV_NAMESPACE, resources } from '../resources.ts';
import type { Scenario } from './scenario.ts';

/** The KubeVirt CR, and HyperConverged with its version's defaults. */
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
  const deployment = deploymentId(version, network?.name);
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
      observedDeploymentID: deployment,
      observedKubeVirtRegistry: REGISTRY,
      observedKubeVirtVersion: version.kubevirt,
      operatorVersion: version.kubevirt,
      outdatedVirtualMachineInstanceWorkloads: 0,
      phase: 'Deployed',
      targetDeploymentID: deployment,
      targetKubeVirtRegistry: REGISTRY,
      targetKubeVirtVersion: version.kubevirt,
    },
  };
  store.create(resources.kubeVirts, ownedByOperator(undefined, kubeVirt, Date.parse(born)));
}
