import type { EventRecord } from '../model/dossier.ts';
import type { Evidence } from '../model/finding.ts';
import { at as atField } from '../model/finding.ts';
import type { NodeView } from '../model/nodes.ts';
import type { Pod } from '../model/objects.ts';
import { isReadyPod } from '../model/pods.ts';
import { itemsOf, type Snapshot } from '../model/snapshot.ts';
import type { ClusterCase } from './case.ts';
import { type Cause, type Confidence } from './cause.ts';

/** What is wrong with one virt-handler. */
export interface HandlerTrouble {
  confidence: Confidence;
  /** One sentence about its node. */
  message: string;
  evidence: Evidence[];
  remedies: string[];
}

/** virt-handler pods that are not ready, in order of their nodes. */
function unreadyHandlers(snapshot: Snapshot): Pod[] {
  return itemsOf(snapshot.lists.pods)
    .filter((pod) => pod.metadata.labels?.['kubevirt.io'] === 'virt-handler' && !isReadyPod(pod))
    .sort((a, b) => ((a.spec?.nodeName ?? '') < (b.spec?.nodeName ?? '') ? -1 : 1));
}

/** The newest event about a pod whose message matches. */
export function saidOf(pod: Pod, { events }: ClusterCase, pattern: RegExp): EventRecord | undefined {
  return events
    .filter(
      ({ about, namespace, message }) =>
        about.name === pod.metadata.name && namespace === pod.metadata.namespace && pattern.test(message),
    )
    .sort((a, b) => Date.parse(a.last) - Date.parse(b.last))
    .at(-1);
}

/** A cause that keeps virt-handlers from getting ready, asked of a node and of the cluster. */
export function handlerCause(
  cause: Pick<Cause, 'id' | 'title' | 'source' | 'texts' | 'meaning'> & {
    look: (pod: Pod, each: ClusterCase) => HandlerTrouble | undefined;
  },
): Cause {
  const { look, ...rest } = cause;
  return {
    ...rest,
    needs: ['pods', 'daemonSets', 'kubeVirts'],
    reads: ['events', 'logs'],
    node(node: NodeView, each) {
      for (const pod of unreadyHandlers(each.snapshot)) {
        const found = pod.spec?.nodeName === node.name ? look(pod, each) : undefined;
        if (found !== undefined) return found;
      }
      return undefined;
    },
    cluster(each) {
      const found = unreadyHandlers(each.snapshot).flatMap((pod) => look(pod, each) ?? []);
      const [first, ...others] = found;
      if (first === undefined || others.length === 0) return first;
      return {
        ...first,
        message: `${first.message} (${found.length} nodes)`,
        evidence: found.flatMap(({ evidence }) => evidence),
      };
    },
  };
}

/** How far the roll-out of virt-handler is, if it is not done; undefined if it is, or is not known. */
export function rolloutOf(snapshot: Snapshot): { evidence: Evidence[]; updated: number; wanted: number } | undefined {
  const set = itemsOf(snapshot.lists.daemonSets).find(({ metadata }) => metadata.name === 'virt-handler');
  const { updatedNumberScheduled: updated = 0, desiredNumberScheduled: wanted } = set?.status ?? {};
  if (set === undefined || wanted === undefined || updated >= wanted) return undefined;
  return {
    updated,
    wanted,
    evidence: [
      atField(set, '.status.updatedNumberScheduled', set.status?.updatedNumberScheduled),
      atField(set, '.status.desiredNumberScheduled', wanted),
    ],
  };
}

/** Seconds since virt-handler's last heartbeat on a node; undefined where there was none. */
export function heartbeatAge({ object }: NodeView, now: number): number | undefined {
  const text = object.metadata.annotations?.['kubevirt.io/heartbeat'];
  const time = Date.parse((text ?? '').replaceAll('"', ''));
  return Number.isNaN(time) ? undefined : (now - time) / 1000;
}
