// Memory of `ferry mcp --allow-writes` over 10,000 calls, every fifth of them a proposal that nobody confirms.
import { Server } from './mcp-start.ts';

const CALLS = 10_000;

const network = (index: number): object => ({
  apiVersion: 'k8s.cni.cncf.io/v1',
  kind: 'NetworkAttachmentDefinition',
  metadata: { name: `net-${index}`, namespace: 'default' },
  spec: { config: JSON.stringify({ cniVersion: '0.3.1', name: `net-${index}`, type: 'bridge', bridge: 'br1' }) },
});

/** Prints the memory after each 10,000 calls; whether it stayed flat in the last. */
export async function mcpProposals(kubeconfig: string, program = 'dist/ferry.js'): Promise<boolean> {
  const server = new Server(kubeconfig, program, ['--allow-writes']);
  await server.open();
  let proposals = 0;
  const round = async (): Promise<number> => {
    for (let call = 0; call < CALLS; call++) {
      if (call % 5 !== 0) await server.ask('tools/call', { name: 'nodes_top', arguments: {} });
      else {
        const resource = network(proposals++);
        await server.ask('tools/call', { name: 'resources_create_or_update', arguments: { resource } });
      }
    }
    return server.memory();
  };
  const [first, second, third] = [await round(), await round(), await round()];
  await server.close();
  const shown = [first, second, third].map((each) => `${each.toFixed(0)} MiB`).join(', ');
  console.log(`ferry mcp --allow-writes: memory after each ${CALLS} calls, ${CALLS / 5} of them proposals: ${shown}`);
  return third < second * 1.1;
}
