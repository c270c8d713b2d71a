import { fault } from './fault.ts';
import { ends, impairAll } from './links.ts';

/** Ethernet and TCP take 6 % of a link, as in the lab's links. */
const GOODPUT = 0.94;

/** A link that was negotiated down, or that others fill. */
export const linkSlow = fault({
  name: 'link-slow',
  summary: 'migrations get less of a link, each direction for itself',
  parameters: { ...ends, gbps: 'required' },
  start: ({ network }, given) => impairAll(network, given, { line: ((given.gbps * 1e9) / 8) * GOODPUT }),
});
