import { describe, expect, test } from 'vitest';
import { ask } from '../testing/subjects.ts';
import { vmMovesRows } from '../testing/vm-moves-rows.ts';
import { marked, moved, objectsOf } from '../testing/vm-objects.ts';
import { vmStateRows } from '../testing/vm-state-rows.ts';
import { causesOfVms } from './of-vms.ts';

const cases = [...vmMovesRows, ...vmStateRows];

const causeOf = (id: string) => causesOfVms.find((cause) => cause.id === id)!;

describe('causes of VMs', () => {
  test.each(cases)('%s: %s', (id, message, given, miss) => {
    const found = ask(causeOf(id), given.of ?? 'vm/web', objectsOf(given), given);
    expect(found?.message).toMatch(message);
    expect(ask(causeOf(id), miss.of ?? 'vm/web', objectsOf(miss), miss)).toBeUndefined();
  });

  test('each is in the table', () => {
    expect(new Set(cases.map(([id]) => id))).toEqual(new Set(causesOfVms.map(({ id }) => id)));
  });

  test('none is found of a VM that runs well and has moved by hand', () => {
    const objects = objectsOf({ more: [moved('kubevirt-migrate-vm-x', 600)] });
    expect(causesOfVms.filter((cause) => ask(cause, 'vm/web', objects) !== undefined)).toEqual([]);
  });

  test.each([
    ['v1.6.6', /KubeVirt 1\.6 and older have no other way/],
    ['v1.7.4', /evacuate\/cancel/],
  ])('how a mark is taken off in %s', (version, remedy) => {
    const found = ask(causeOf('drain/evacuation-stuck'), 'vm/web', objectsOf({ web: marked('n2') }), { version });
    expect(found?.remedies.join(' ')).toMatch(remedy);
  });
});
