import type { Pod } from '../../model/objects.ts';
import { migration, vm } from '../../model/testing/fixtures.ts';
import { running, table } from '../testing/table.ts';
import { staleLauncher } from './stale-launcher.ts';

const web = vm('web', running());
const second = (phase: string): Pod => {
  const pod = structuredClone(web[2]) as Pod;
  pod.metadata.name = 'virt-launcher-web-old';
  pod.spec!.nodeName = 'n2';
  pod.status!.phase = phase;
  return pod;
};

table(staleLauncher, [
  [
    'a second pod that lives holds the next migration up',
    { objects: [...web, second('Running')] },
    [['warning', /second pod of it, virt-launcher-web-old on node n2, is left/]],
  ],
  ['one that has ended does not', { objects: [...web, second('Succeeded')] }, []],
  ['during a migration there are two', { objects: [...web, second('Running'), migration('m', 'web', 'Running')] }, []],
]);
