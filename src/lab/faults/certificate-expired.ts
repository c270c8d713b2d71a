import { isReadyPod } from '../../model/pods.ts';
import { componentPods } from '../controllers/control-plane.ts';
import { fault } from './fault.ts';

/**
 * virt-api's pods go on serving a certificate that has ended, though virt-operator has made a new one (kubevirt#3369,
 * #15210). They are ready: the kubelet believes any certificate. Pods that replace them have the new one.
 */
export const certificateExpired = fault({
  name: 'certificate-expired',
  summary:
    "virt-api's certificate has expired: no VM, VMI or migration can be written, its subresources are 503; a new pod of it has a new one",
  parameters: {},
  start: ({ cluster }) => {
    const { oldCertificates } = cluster.broken;
    const uids = componentPods(cluster, 'virt-api').map(({ metadata }) => metadata.uid ?? '');
    for (const uid of uids) oldCertificates.set(uid, cluster.clock.now());
    cluster.virtApi.set(false);
    return () => {
      for (const uid of uids) oldCertificates.delete(uid);
      cluster.virtApi.set(componentPods(cluster, 'virt-api').some(isReadyPod));
    };
  },
});
