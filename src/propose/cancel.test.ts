import { describe, expect, test } from 'vitest';
import { FerryError } from '../model/errors.ts';
import type { VirtualMachineInstance, VirtualMachineInstanceMigration } from '../model/objects.ts';
import { decideCancel } from './cancel.ts';
import { chooseMigrations, type Meant } from './cancel-choice.ts';
import { contentHash, type Draft } from './draft.ts';

function migration(name: string, vm: string, phase = 'Running', more: object = {}): VirtualMachineInstanceMigration {
  return {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstanceMigration',
    metadata: { name, namespace: 'shop', uid: `uid-${name}`, creationTimestamp: '2026-03-01T08:00:00Z', ...more },
    spec: { vmiName: vm },
    status: { phase },
  };
}

function vmi(name: string, state: object = {}): VirtualMachineInstance {
  return {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstance',
    metadata: { name, namespace: 'shop', uid: `vmi-${name}` },
    status: { nodeName: 'worker-0', migrationState: { migrationUid: `uid-m-${name}`, ...state } },
  } as never;
}

const running = migration('m-web', 'web');
const ended = migration('old', 'web', 'Succeeded');
const elsewhere = { ...running, metadata: { ...running.metadata, namespace: 'lab', uid: 'uid-other' } };

function said(work: () => unknown): string {
  try {
    return JSON.stringify(work());
  } catch (error) {
    return error instanceof FerryError ? `${error.code}: ${error.message}` : `unexpected: ${String(error)}`;
  }
}

describe('the migration that is meant', () => {
  const choose = (meant: Meant, all = [running, ended], shown?: Draft) =>
    chooseMigrations([meant], { all, namespace: undefined, shown, hint: 'Look.' }).map(
      ({ migration, ended }) => `${migration.metadata.name}${ended ? ' (ended)' : ''}`,
    );

  test.each<[string, Meant, string]>([
    ['is named by its VM', { name: 'web' }, '["m-web"]'],
    ['is named by itself', { name: 'm-web', kind: 'migration' }, '["m-web"]'],
    [
      'is no VM',
      { name: 'm-web', kind: 'vm' },
      'FERRY_E_NOT_FOUND: there is no migration to cancel that is called m-web, or that is of a VM m-web',
    ],
    ['has ended', { name: 'old' }, 'FERRY_E_NOT_FOUND: the migration old has ended already: Succeeded'],
    ['is not there', { name: 'x', kind: 'migration' }, 'FERRY_E_NOT_FOUND: there is no migration x'],
  ])('%s', (_, meant, expected) => expect(said(() => choose(meant))).toBe(expected));

  test('is not guessed among namespaces', () => {
    expect(said(() => choose({ name: 'web' }, [running, elsewhere]))).toBe(
      'FERRY_E_AMBIGUOUS: there is a migration of web in 2 namespaces: lab, shop',
    );
  });

  test.each<[string, VirtualMachineInstanceMigration[]]>([
    ['is gone', []],
    ['has ended', [{ ...running, status: { phase: 'Succeeded' } }]],
  ])('%s since it was shown: that is the same write, and nothing is left to delete', (_, all) => {
    const { draft } = decideCancel([{ migration: running, vmi: vmi('web'), ended: false }]);
    for (const name of ['web', 'm-web']) {
      const chosen = chooseMigrations([{ name }], { all, namespace: undefined, shown: draft, hint: '' });
      expect(chosen.map(({ ended }) => ended)).toEqual([true]);
      expect(contentHash(decideCancel(chosen).draft)).toBe(contentHash(draft));
    }
  });

  test('is another write once the VM is in another migration', () => {
    const { draft } = decideCancel([{ migration: running, ended: false }]);
    const next = migration('m-next', 'web', 'Pending');
    const chosen = chooseMigrations([{ name: 'web' }], { all: [next], namespace: undefined, shown: draft, hint: '' });
    expect(contentHash(decideCancel(chosen).draft)).not.toBe(contentHash(draft));
  });
});

describe('the draft', () => {
  test('says what is deleted, how far it was and where the VM stays', () => {
    const item = {
      migration: running,
      vmi: vmi('web', { sourceNode: 'worker-0', targetNode: 'worker-1' }),
      ended: false,
    };
    const { draft } = decideCancel([{ ...item, progress: '1 GiB copied, 3 GiB left' }]);
    expect(draft).toMatchObject({
      summary: 'Cancel migration shop/m-web of VM web; the VM stays where it is.',
      objects: [{ verb: 'delete', object: { namespace: 'shop', name: 'm-web' } }],
      findings: [],
      effect: [
        'shop/m-web is Running (worker-0 -> worker-1, 1 GiB copied, 3 GiB left): what was copied is thrown away, and VM web goes on running on worker-0.',
      ],
      premises: { 'migration shop/m-web': { uid: 'uid-m-web', vm: 'web' } },
    });
    // How far it is changes all the time.
    expect(contentHash(decideCancel([item]).draft)).toBe(contentHash(draft));
  });

  test('is refused in post-copy', () => {
    const item = { migration: running, vmi: vmi('web', { mode: 'PostCopy' }), ended: false };
    expect(said(() => decideCancel([item]))).toMatch(
      /^FERRY_E_REFUSED: migration shop\/m-web of VM web is in post-copy/,
    );
    // The state of the migration before stays on the VMI until the next one has begun.
    const before = {
      migration: migration('m-next', 'web', 'Pending'),
      vmi: vmi('web', { mode: 'PostCopy' }),
      ended: false,
    };
    expect(decideCancel([before]).draft.objects).toHaveLength(1);
  });

  test('warns of a migration that KubeVirt will make again', () => {
    const annotations = { 'kubevirt.io/evacuationMigration': 'worker-0' };
    const { draft } = decideCancel([{ migration: migration('e', 'web', 'Running', { annotations }), ended: false }]);
    expect(draft.findings).toMatchObject([{ check: 'cancel/made-again', severity: 'warning' }]);
  });
});
