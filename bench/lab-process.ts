// A lab in a process of its own, so that a measured client shares no memory or time with it. Talks over IPC.
import { subscribe } from 'node:diagnostics_channel';
import { writeFileSync } from 'node:fs';
import { startLab } from '../src/lab/lab.ts';

const [nodes, vms, kubeconfig] = process.argv.slice(2) as [string, string, string];
const lab = await startLab({ nodes: Number(nodes), vms: Number(vms), speed: 1, seed: 'bench' });
writeFileSync(kubeconfig, lab.kubeconfig, { mode: 0o600 });
let requests = 0;
subscribe('http.server.request.start', () => requests++);
process.on('message', (message) => {
  if (message === 'requests') process.send?.({ requests });
});
process.on('disconnect', () => process.exit(0));
process.send?.({ ready: true });
