import type { KubeObject } from '../../model/objects.ts';
import type { Cluster, Controller } from '../cluster.ts';
import { resources } from '../resources.ts';
import { leadingController } from './control-plane.ts';
import { handlerPod } from './handler-pods.ts';
import { logTo } from './launcher-log.ts';

interface EventObject extends KubeObject {
  involvedObject: { kind?: string; namespace?: string; name?: string; uid?: string };
  /** Whoever writes an event by hand may leave it out. */
  source?: { component?: string; host?: string };
  type: string;
  reason: string;
  message: string;
}

/** KubeVirt's components log the events they record; virt-handler on its node, virt-controller in its leader's pod. */
export function componentLogs(cluster: Cluster): Controller {
  return {
    start: () => {
      cluster.store.subscribe((change) => {
        if (change.resource !== resources.events || change.type === 'DELETED') return;
        const { source = {}, involvedObject, type, reason, message } = change.object as EventObject;
        const about = {
          kind: involvedObject.kind ?? '',
          name: involvedObject.name ?? '',
          namespace: involvedObject.namespace ?? '',
          uid: involvedObject.uid ?? '',
        };
        const level = type === 'Warning' ? 'warning' : 'info';
        if (source.component === 'virt-handler') {
          const pod = handlerPod(cluster, source.host ?? '');
          if (pod !== undefined) logTo(cluster, pod, 'virt-handler', `${reason}: ${message}`, level, about);
        } else if (source.component === 'virtualmachine-controller' || source.component === 'evacuation-controller') {
          const leader = leadingController(cluster);
          if (leader !== undefined) logTo(cluster, leader, 'virt-controller', `${reason}: ${message}`, level, about);
        }
      });
    },
  };
}
