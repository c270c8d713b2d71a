import { fault } from './fault.ts';

/** A policy engine's admission webhook denies new pods; those that run do not notice. */
export const podRefused = fault({
  name: 'pod-refused',
  summary: 'an admission webhook denies new launcher pods in a namespace: FailedCreate on their VMs',
  parameters: { namespace: 'required' },
  start: ({ cluster: { broken } }, { namespace }) => {
    broken.podsDenied.add(namespace);
    return () => broken.podsDenied.delete(namespace);
  },
});
