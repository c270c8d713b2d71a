import { fault } from './fault.ts';

/** The socket on which launchers tell virt-handler of their guests is broken. */
export const guestUnseen = fault({
  name: 'guest-unseen',
  summary:
    'virt-handler of a node does not see the guests that arrive: until KubeVirt 1.5 they are given up after 60 s',
  parameters: { node: 'required' },
  start: ({ cluster }, { node }) => {
    const { blindHandlers } = cluster.broken;
    const key = node;
    blindHandlers.add(key);
    return () => void blindHandlers.delete(key);
  },
});
