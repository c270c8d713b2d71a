// A lab of 1,000 nodes and 20,000 VMs in a process of its own, which times the plain operations beside it. Talks over IPC.
import { setTimeout as rest } from 'node:timers/promises';
import { startLab } from '../src/lab/lab.ts';
import { resources } from '../src/lab/resources.ts';
import { plainStreams } from './plain-streams.ts';

/** Seconds of the quickest of five: what the machine can do when nobody disturbs it. */
function quickest(run: () => unknown): number {
  const times: number[] = [];
  for (let round = 0; round < 5; round++) {
    const start = performance.now();
    run();
    times.push((performance.now() - start) / 1000);
  }
  return Math.min(...times);
}

const start = performance.now();
const lab = await startLab({ nodes: 1_000, vms: 20_900, speed: 1, seed: 'bench' });
const startSeconds = (performance.now() - start) / 1000;
const peakMiB = process.resourceUsage().maxRSS / 1024;

const commands: Record<string, () => unknown> = {
  /** The same objects, as plain data in arrays. */
  objects: () => {
    const texts = lab.store.resources().map((resource) => JSON.stringify(lab.store.list(resource)));
    return quickest(() => texts.map((text) => JSON.parse(text) as unknown[]));
  },
  stringify: () => {
    const items = lab.store.list(resources.vmis);
    return quickest(() =>
      JSON.stringify({ apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstanceList', metadata: {}, items }),
    );
  },
  plain: async () => (await plainStreams()).port,
};

async function answer(command: string): Promise<void> {
  // What was asked before may still be on its way out.
  await rest(100);
  process.send?.({ answer: await commands[command]?.() });
}

process.on('message', (message) => void answer(message as string));
process.on('disconnect', () => process.exit(0));
process.send?.({ startSeconds, peakMiB, kubeconfig: lab.kubeconfig });
