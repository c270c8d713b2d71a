import type { Cause } from '../cause.ts';

/** Requests that virt-api or the API server refuses: there is no migration, so only the text can be explained (facts/kubevirt.md B1, B2, I). */
export const refusedRequest: Cause = {
  id: 'admission/refused',
  title: 'The request was refused',
  source: 'facts/kubevirt.md B1, B2, I',
  needs: [],
  texts: [
    /the VMI "[^"]+" does not exist/,
    /Cannot migrate VMI in finalized state/,
    /vmiName is missing/,
    /VM is not running/,
    /MigrationPriorityQueue feature gate is not enabled/,
    /update of Migration object's spec is restricted/,
    /selector label can't be (?:removed|modified)/,
    /cannot create resource "virtualmachineinstancemigrations"|cannot update resource "virtualmachines\/migrate"/,
  ],
  meaning: {
    message:
      'No migration came about: virt-api or the API server refused the request. The VM does not run or is not there, the request holds what users may not set, or (KubeVirt 1.5 and newer) the role kubevirt.io:migrate is missing; edit and admin do not include it.',
    remedies: [
      'See whether the VM runs, and whether you may: ferry check VM; ferry move VM --dry-run=server says what the cluster has against it.',
      'For the right to migrate, bind the ClusterRole kubevirt.io:migrate.',
    ],
  },
};
