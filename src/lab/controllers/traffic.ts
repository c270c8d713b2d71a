/** Bytes of migrations that a node has sent and received. */
export interface Traffic {
  sent: number;
  received: number;
}

/** Adds up what ended migrations have carried, by node. */
export function trafficCounter(): {
  count(way: { source: string; target: string }, bytes: number): void;
  of(node: string): Traffic;
} {
  const carried = new Map<string, Traffic>();
  const of = (node: string): Traffic => ({ ...(carried.get(node) ?? { sent: 0, received: 0 }) });
  return {
    of,
    count: ({ source, target }, bytes) => {
      const sender = of(source);
      carried.set(source, { ...sender, sent: sender.sent + bytes });
      const receiver = of(target);
      carried.set(target, { ...receiver, received: receiver.received + bytes });
    },
  };
}
