import { kubeVirt, vm } from '../../model/testing/fixtures.ts';
import { running, setCondition, table } from '../testing/table.ts';
import { pendingChanges } from './pending-changes.ts';

const restart = (status: string) =>
  running(
    {},
    {
      change: ({ vm: object }) =>
        setCondition(object, {
          type: 'RestartRequired',
          status,
          message: 'a non-live-updatable field was changed in the template spec',
        }),
    },
  );
const plugged = (type: string, status: string) =>
  running({}, { change: ({ vmi }) => setCondition(vmi, { type, status }) });
const updater = () => {
  const object = kubeVirt();
  object.spec!.workloadUpdateStrategy = { workloadUpdateMethods: ['LiveMigrate'] };
  return object;
};

table(pendingChanges, [
  ['a restart is needed', { vm: restart('True') }, [['info', /waits for a restart \(a non-live-updatable field/]]],
  ['or no more', { vm: restart('False') }, []],
  [
    'memory that a migration brings, and nobody starts one',
    { vm: plugged('HotMemoryChange', 'True') },
    [['info', /change of the size of its memory takes effect with its next migration; KubeVirt is not set/]],
  ],
  [
    'or KubeVirt does',
    { objects: [...vm('web', plugged('HotVCPUChange', 'True')), updater()] },
    [['info', /number of CPUs takes effect with its next migration, which KubeVirt starts by itself/]],
  ],
  ['memory that could not be changed waits for nothing', { vm: plugged('HotMemoryChange', 'False') }, []],
]);
