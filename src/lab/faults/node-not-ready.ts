import type { Node } from '../../model/objects.ts';
import { modify } from '../cluster.ts';
import { DOWN } from '../controllers/kubelet.ts';
import { resources } from '../resources.ts';
import { fault } from './fault.ts';

/** A node is cut off: its kubelet and virt-handler fall silent, and nothing reaches them. What runs on it runs on. */
export const nodeNotReady = fault({
  name: 'node-not-ready',
  summary: 'a node is cut off: no lease, no heartbeats; it becomes Unknown and tainted, its pods are evicted',
  parameters: { node: 'required' },
  start: ({ cluster }, { node }) => {
    const set = (down: boolean): void => {
      const object = cluster.store.get<Node>(resources.nodes, undefined, node);
      if (object === undefined) return;
      modify<Node>(cluster, resources.nodes, object, (draft) => {
        const { [DOWN]: _, ...others } = draft.metadata.annotations ?? {};
        draft.metadata.annotations = down ? { ...others, [DOWN]: 'true' } : others;
      });
    };
    set(true);
    return () => set(false);
  },
});
