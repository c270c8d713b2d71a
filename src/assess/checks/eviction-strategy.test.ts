import type { VirtualMachine } from '../../model/objects.ts';
import { kubeVirt, vm } from '../../model/testing/fixtures.ts';
import { refused, running, table } from '../testing/table.ts';
import { evictionStrategy } from './eviction-strategy.ts';

const no = refused('SEVNotLiveMigratable');
const strategy = (evictionStrategy: string | undefined, more: object = {}) => running({ evictionStrategy }, more);
const cluster = (evictionStrategy: string) => {
  const object = kubeVirt();
  object.spec!.configuration!.evictionStrategy = evictionStrategy;
  return object;
};
const manual = { change: ({ vm: object }: { vm: VirtualMachine }) => (object.spec.runStrategy = 'Manual') };

table(evictionStrategy, [
  ['LiveMigrate moves it', { vm: strategy('LiveMigrate') }, []],
  [
    'LiveMigrate waits for ever for what cannot be moved',
    { vm: strategy('LiveMigrate', no) },
    [['warning', /a drain of its node waits for it for ever/]],
  ],
  ['None ends it, and it comes back', { vm: strategy('None') }, [['info', /shut down, and it is started again/]]],
  [
    'None ends it, and it stays off',
    { vm: strategy('None', manual) },
    [['info', /shut down, and it stays off \(run strategy Manual\)/]],
  ],
  ['LiveMigrateIfPossible moves it', { vm: strategy('LiveMigrateIfPossible') }, []],
  [
    'or restarts it',
    { vm: strategy('LiveMigrateIfPossible', no) },
    [['info', /LiveMigrateIfPossible, and it cannot live-migrate\): it is started again/]],
  ],
  ['External waits for somebody else', { vm: strategy('External') }, [['warning', /until somebody else moves it/]]],
  [
    "the cluster's counts where the VM has none",
    { objects: [...vm('web', strategy(undefined)), cluster('LiveMigrate')] },
    [],
  ],
  ['and None where nobody has one', { vm: strategy(undefined) }, [['info', /eviction strategy None/]]],
  [
    'what nobody can read is not guessed',
    {
      vm: strategy(undefined),
      change: ({ lists }) => (lists.kubeVirts = { known: false, why: 'forbidden', message: 'no' }),
    },
    [['warning', /not fully checked/]],
  ],
]);
