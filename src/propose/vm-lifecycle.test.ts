import { describe, expect, test } from 'vitest';
import { FerryError } from '../model/errors.ts';
import { contentHash } from './draft.ts';
import { decideLifecycle, type LifecycleState } from './vm-lifecycle.ts';

const metadata = { namespace: 'shop', name: 'web', uid: 'vm-1' };

function state(spec: object, status?: object, more: object = {}): LifecycleState {
  const vmi = { kind: 'VirtualMachineInstance', metadata: { ...metadata, uid: 'vmi-1' }, spec: more, status };
  return {
    vm: { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', metadata, spec } as never,
    vmi: status === undefined ? undefined : (vmi as never),
  };
}

const on = { phase: 'Running', nodeName: 'worker-0' };
const paused = { ...on, conditions: [{ type: 'Paused', status: 'True' }] };
const always = { runStrategy: 'Always' };

function said(given: LifecycleState, action: Parameters<typeof decideLifecycle>[1]): unknown {
  try {
    const [object] = decideLifecycle(given, action).draft.objects;
    return [
      object?.subresource,
      ...(object?.fields ?? []).map(({ path, from, to }) => `${path}: ${String(from)} -> ${String(to)}`),
    ];
  } catch (error) {
    return error instanceof FerryError ? `${error.code}: ${error.message}` : error;
  }
}

describe('a VM', () => {
  test.each<[string, LifecycleState, Parameters<typeof decideLifecycle>[1], unknown]>([
    [
      'that is off is started',
      state({ runStrategy: 'Halted' }),
      'start',
      ['start', '.spec.runStrategy: Halted -> Always'],
    ],
    ['of the older form, too', state({ running: false }), 'start', ['start', '.spec.running: false -> true']],
    ['that has ended is started', state({ runStrategy: 'Manual' }, { phase: 'Succeeded' }), 'start', ['start']],
    [
      'that runs is not',
      state(always, on),
      'start',
      'FERRY_E_REFUSED: VM shop/web is running already; nothing was changed',
    ],
    ['that runs is stopped', state(always, on), 'stop', ['stop', '.spec.runStrategy: Always -> Halted']],
    ['with manual starts is only told to', state({ runStrategy: 'Manual' }, on), 'stop', ['stop']],
    [
      'that is off is not',
      state({ runStrategy: 'Halted' }),
      'stop',
      'FERRY_E_REFUSED: VM shop/web is not running; nothing was changed',
    ],
    ['that runs is restarted', state(always, on), 'restart', ['restart']],
    ['that runs is paused', state(always, on), 'pause', ['pause', ".status.conditions['Paused']: false -> true"]],
    [
      'that is paused is not',
      state(always, paused),
      'pause',
      'FERRY_E_REFUSED: VM shop/web is paused already; nothing was changed',
    ],
    [
      'that is paused is unpaused',
      state(always, paused),
      'unpause',
      ['unpause', ".status.conditions['Paused']: true -> false"],
    ],
    [
      'that runs is not',
      state(always, on),
      'unpause',
      'FERRY_E_REFUSED: VM shop/web is not paused; nothing was changed',
    ],
  ])('%s', (_, given, action, expected) => expect(said(given, action)).toEqual(expected));

  test('that migrates is stopped only with a warning', () => {
    const migrationState = { migrationUid: 'm', sourceNode: 'worker-0', targetNode: 'worker-1' };
    const { findings } = decideLifecycle(state(always, { ...on, migrationState }), 'restart').draft;
    expect(findings).toMatchObject([
      { check: 'lifecycle/migrating', message: expect.stringContaining('fails with it') },
    ]);
    const done = { ...on, migrationState: { ...migrationState, completed: true } };
    expect(decideLifecycle(state(always, done), 'restart').draft.findings).toEqual([]);
  });

  test('that has restarted since is another one', () => {
    const { draft } = decideLifecycle(state(always, on), 'stop');
    const again = state(always, on);
    const vmi = { ...again.vmi!, metadata: { ...metadata, uid: 'vmi-2' } };
    expect(contentHash(decideLifecycle({ ...again, vmi }, 'stop').draft)).not.toBe(contentHash(draft));
    const elsewhere = state(always, { ...on, nodeName: 'worker-3' });
    expect(contentHash(decideLifecycle(elsewhere, 'stop').draft)).toBe(contentHash(draft));
  });

  test.each<[string, object, string]>([
    ['as it says', { terminationGracePeriodSeconds: 5 }, 'after 5 s'],
    ['as KubeVirt does', {}, 'after 30 s'],
  ])('is given time to shut down %s', (_, spec, expected) => {
    expect(decideLifecycle(state(always, on, spec), 'stop').draft.effect).toEqual([expect.stringContaining(expected)]);
  });
});
