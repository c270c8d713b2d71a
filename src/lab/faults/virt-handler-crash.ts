import { handlerPod } from '../controllers/handler-pods.ts';
import { crashLoop } from './crash-loop.ts';
import { fault } from './fault.ts';

/**
 * virt-handler crashes as often as it is restarted. The proxies of migrations from and to its node live in it: those
 * that copy break, those that begin wait for it. When the fault ends, the next restart succeeds.
 */
export const virtHandlerCrash = fault({
  name: 'virt-handler-crash',
  summary: 'virt-handler of a node crashes, again after each restart: CrashLoopBackOff',
  parameters: { node: 'required' },
  start: ({ cluster, handler }, { node }) => {
    const broken = (): void => handler.lose((job) => job.source === node || job.target === node);
    return crashLoop(cluster, 'virt-handler', () => handlerPod(cluster, node), broken);
  },
});
