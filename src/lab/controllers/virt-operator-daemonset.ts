import { createHash } from 'node:crypto';
import type { DaemonSet, KubeVirt } from '../../model/objects.ts';
import type { KubeVirtVersion } from '../../model/versions/version.ts';
import { CNV_NAMESPACE } from '../resources.ts';
import { MIGRATION_INTERFACE } from './handler-pods.ts';
import { NETWORKS } from './multus-selection.ts';

/** Where OpenShift Virtualization's images come from. */
export const REGISTRY = 'registry.redhat.io/container-native-virtualization';
const IDENTIFIER = 'kubevirt.io/install-strategy-identifier';
/** virt-operator's maxUnavailable of virt-handler at rest, and of a roll-out whose canary is well. */
export const SLOW = 1;
export const FAST = '10%';

/** The dedicated migration network that the KubeVirt CR asks for. */
export function migrationNetworkOf(kubeVirt: KubeVirt | undefined): string | undefined {
  return kubeVirt?.spec?.configuration?.migrations?.network || undefined;
}

/**
 * virt-operator's deployment ID: a hash of what it installs. Of the KubeVirt CR's settings the lab counts the migration
 * network: a change of it is a new deployment (KubeVirt pkg/virt-operator/util/config.go, AdditionalProperties).
 */
export function deploymentId(version: KubeVirtVersion, network: string | undefined): string {
  const config = { registry: REGISTRY, version: version.kubevirt, migrationNetwork: network ?? '' };
  return createHash('sha1').update(JSON.stringify(config)).digest('hex');
}

function strategyOf(version: KubeVirtVersion, network: string | undefined): Record<string, string> {
  return {
    'kubevirt.io/install-strategy-version': version.kubevirt,
    'kubevirt.io/install-strategy-registry': REGISTRY,
    [IDENTIFIER]: deploymentId(version, network),
  };
}

/** The deployment ID that a DaemonSet or its pod belongs to. */
export function identifierOf({ metadata }: { metadata: { annotations?: Record<string, string> } }): string | undefined {
  return metadata.annotations?.[IDENTIFIER];
}

/** The image of virt-handler of a release. */
export function handlerImage(version: KubeVirtVersion): string {
  return `${REGISTRY}/virt-handler-rhel9:v${version.openshiftVirtualization}`;
}

/** virt-handler's DaemonSet, made one of this version and migration network: image, and annotations of it and of its template. */
export function ofDeployment(set: DaemonSet, version: KubeVirtVersion, network: string | undefined): DaemonSet {
  const strategy = strategyOf(version, network);
  const template = set.spec?.template;
  const { [NETWORKS]: _, ...others } = template?.metadata?.annotations ?? {};
  const annotations = {
    ...others,
    ...strategy,
    ...(network === undefined ? {} : { [NETWORKS]: `${network}@${MIGRATION_INTERFACE}` }),
  };
  const containers = (template?.spec?.containers ?? []).map((container) =>
    container.name === 'virt-handler' ? { ...container, image: handlerImage(version) } : container,
  );
  return {
    ...set,
    metadata: { ...set.metadata, annotations: { ...set.metadata.annotations, ...strategy } },
    spec: {
      ...set.spec,
      selector: set.spec?.selector ?? {},
      template: {
        ...template,
        metadata: { ...template?.metadata, annotations },
        spec: { ...template?.spec, containers },
      },
    },
  };
}

/** virt-handler's DaemonSet as virt-operator installs it (recordings, manifests/daemonset-virt-handler.yaml, as far as the lab looks at it). */
export function handlerDaemonSet(version: KubeVirtVersion, network: string | undefined, created: string): DaemonSet {
  const labels = { 'kubevirt.io': 'virt-handler', 'prometheus.kubevirt.io': 'true' };
  const set: DaemonSet = {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: {
      name: 'virt-handler',
      namespace: CNV_NAMESPACE,
      creationTimestamp: created,
      labels: { 'kubevirt.io': 'virt-handler' },
    },
    spec: {
      selector: { matchLabels: { 'kubevirt.io': 'virt-handler' } },
      template: {
        metadata: { labels },
        spec: {
          containers: [
            {
              name: 'virt-handler',
              image: handlerImage(version),
              ports: [{ containerPort: 8443, name: 'metrics', protocol: 'TCP' }],
              resources: { requests: { cpu: '10m', memory: '325Mi' } },
              readinessProbe: {
                httpGet: { path: '/healthz', port: 8443 as never, scheme: 'HTTPS' },
                initialDelaySeconds: 15,
                periodSeconds: 20,
                timeoutSeconds: 10,
              },
            },
          ],
          nodeSelector: { 'kubernetes.io/os': 'linux' },
          restartPolicy: 'Always',
          terminationGracePeriodSeconds: 330,
          tolerations: [{ key: 'CriticalAddonsOnly', operator: 'Exists' }],
        },
      },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: SLOW as never } },
    },
  };
  return ofDeployment(set, version, network);
}
