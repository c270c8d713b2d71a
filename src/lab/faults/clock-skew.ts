import { fault } from './fault.ts';

/**
 * A clock is wrong. The API server's: its Date header, and the creation and deletion times that it stamps. A node's:
 * its lease, its conditions' heartbeats and virt-handler's, which virt-controller compares with its own clock.
 */
export const clockSkew = fault({
  name: 'clock-skew',
  summary: "the API server's clock, or a node's, is ahead or behind",
  parameters: { by: 'required', node: 'optional' },
  start: ({ cluster, apiClock }, { by, node }) => {
    if (node === undefined) {
      apiClock.ahead += by;
      return () => void (apiClock.ahead -= by);
    }
    const { nodeClocks } = cluster.broken;
    const before = nodeClocks.get(node) ?? 0;
    nodeClocks.set(node, before + by);
    return () => void nodeClocks.set(node, (nodeClocks.get(node) ?? 0) - by);
  },
});
