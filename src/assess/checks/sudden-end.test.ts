import type { VirtualMachine } from '../../model/objects.ts';
import { vm } from '../../model/testing/fixtures.ts';
import { running, table } from '../testing/table.ts';
import { suddenEnd } from './sudden-end.ts';

const runs = (runStrategy: string) =>
  running({}, { change: ({ vm: object }: { vm: VirtualMachine }) => (object.spec.runStrategy = runStrategy) as never });
const priority = (name: string, value: number, on = 'n1') =>
  vm(name, { on, change: ({ pod }) => (pod.spec!.priority = value) });

table(suddenEnd, [
  ['Always comes back', { vm: runs('Always') }, []],
  ['Manual stays off', { vm: runs('Manual') }, [['info', /if its node is lost, it stays off \(run strategy Manual\)/]]],
  ['a failure is what RerunOnFailure is for', { vm: runs('RerunOnFailure') }, []],
  ['a VMI alone is gone', { objects: vm('web', running()).slice(1) }, [['info', /nothing starts it again/]]],
  [
    'one of higher priority may push it aside',
    { objects: [...priority('web', 0), ...priority('db', 1000, 'n2')] },
    [['info', /VMs of higher priority \(1000, for example of pod virt-launcher-db; its own is 0\)/]],
  ],
  ['the highest is safe', { objects: [...priority('web', 1000), ...priority('db', 0, 'n2')] }, []],
  ['equals do not push each other', { objects: [...priority('web', 7), ...priority('db', 7, 'n2')] }, []],
]);
