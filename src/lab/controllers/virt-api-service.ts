import { isReadyPod } from '../../model/pods.ts';
import { seconds } from '../api/store.ts';
import type { Cluster } from '../cluster.ts';
import { CNV_NAMESPACE } from '../resources.ts';
import { componentPods } from './control-plane.ts';
import { logTo } from './launcher-log.ts';

/** virt-api's webhooks by name, and the path it serves them at (recordings, manifests/webhooks). */
const PATHS: Record<string, string> = {
  'virtualmachines-mutator.kubevirt.io': 'virtualmachines-mutate',
  'virtualmachineinstances-mutator.kubevirt.io': 'virtualmachineinstances-mutate',
  'migrations-mutator.kubevirt.io': 'migration-mutate-create',
  'virt-launcher-eviction-interceptor.kubevirt.io': 'pod-eviction-validate',
  'virtualmachineinstances-create-validator.kubevirt.io': 'virtualmachineinstances-validate-create',
  'virtualmachineinstances-update-validator.kubevirt.io': 'virtualmachineinstances-validate-update',
  'virtualmachine-validator.kubevirt.io': 'virtualmachines-validate',
  'migration-create-validator.kubevirt.io': 'migration-validate-create',
  'migration-update-validator.kubevirt.io': 'migration-validate-update',
  'kubevirt-crd-status-validator.kubevirt.io': 'status-validate',
  'migration-policy-validator.kubevirt.io': 'migration-policy-validate-create',
};

/**
 * Why the API server cannot ask one of virt-api's webhooks, in its words (kube-apiserver's webhook dispatcher; Go
 * crypto/tls and crypto/x509; kubevirt#15210); undefined: it can. Whoever is turned away for its certificate logs so
 * (kubevirt#3369).
 */
export function virtApiFailure(cluster: Cluster, webhook: string): string | undefined {
  if (cluster.virtApi.works()) return undefined;
  const url = `https://virt-api.${CNV_NAMESPACE}.svc:443/${PATHS[webhook] ?? ''}?timeout=10s`;
  const call = `failed calling webhook "${webhook}": failed to call webhook: Post "${url}"`;
  const asked = componentPods(cluster, 'virt-api').find(isReadyPod);
  const ended = asked && cluster.broken.oldCertificates.get(asked.metadata.uid ?? '');
  if (asked === undefined || ended === undefined) return `${call}: no endpoints available for service "virt-api"`;
  logTo(
    cluster,
    asked,
    'virt-api',
    'http: TLS handshake error from 10.128.0.2:47408: remote error: tls: bad certificate\n',
  );
  const times = `current time ${seconds(cluster.clock.now())} is after ${seconds(ended)}`;
  return `${call}: tls: failed to verify certificate: x509: certificate has expired or is not yet valid: ${times}`;
}
