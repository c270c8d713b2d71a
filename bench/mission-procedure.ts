// The mission's storage validation, to the letter: for each VM, get the VM, take its claims, get each claim, one by one.
// Same transport as Ferry's. Prints { seconds, requests, blocked } as JSON.

import { resources } from '../src/cluster/resources.ts';
import { connect } from '../src/kube/connect.ts';
import type { PersistentVolumeClaim, VirtualMachine } from '../src/model/objects.ts';

const [kubeconfig] = process.argv.slice(2) as [string];
const client = await connect({ kubeconfig });
// The names are given to the procedure; finding them is not part of it.
const names = await client.list<VirtualMachine, { namespace: string; name: string }>(resources.virtualMachines, {
  map: ({ metadata }) => ({ namespace: metadata.namespace ?? '', name: metadata.name }),
});

let requests = 0;
let blocked = 0;
const start = performance.now();
for (const { namespace, name } of names.items) {
  const vm = await client.get<VirtualMachine>(resources.virtualMachines, name, { namespace });
  requests++;
  let shared = true;
  for (const volume of vm.spec.template.spec?.volumes ?? []) {
    const claim = volume.persistentVolumeClaim?.claimName ?? volume.dataVolume?.name;
    if (claim === undefined) continue;
    const { spec } = await client.get<PersistentVolumeClaim>(resources.claims, claim, { namespace });
    requests++;
    if (!(spec?.accessModes ?? []).includes('ReadWriteMany')) shared = false;
  }
  if (!shared) blocked++;
}
process.stdout.write(JSON.stringify({ seconds: (performance.now() - start) / 1000, requests, blocked }));
client.close();
