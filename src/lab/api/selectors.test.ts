import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../model/objects.ts';
import { kindTable } from './kind-table.ts';
import { kinds } from './kinds/index.ts';
import { fieldFilter, labelFilter } from './selectors.ts';
import { ApiError } from './status.ts';

const object: KubeObject = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'n', labels: { app: 'web', 'kubevirt.io/nodeName': 'node02', empty: '' } },
};

describe('label selectors', () => {
  test.each([
    ['app=web', true],
    ['app==web', true],
    ['app=db', false],
    ['app!=db', true],
    ['app!=web', false],
    ['missing!=x', true],
    ['kubevirt.io/nodeName=node02', true],
    ['app in (db, web)', true],
    ['app in (db)', false],
    ['app notin (db,web)', false],
    ['missing notin (db)', true],
    ['app', true],
    ['missing', false],
    ['!missing', true],
    ['! app', false],
    ['empty=', true],
    ['app=', false],
    ['app=web,kubevirt.io/nodeName', true],
    ['app in (web),!missing,empty=', true],
    ['app=web,missing', false],
    [' app = web , empty ', true],
  ])('%s selects it: %s', (selector, selected) => {
    expect(labelFilter(selector)?.(object)).toBe(selected);
  });

  test.each(['=x', 'app in web', 'app==web=x', 'a b', ','])('%s is refused with 400', (selector) => {
    expect(() => labelFilter(selector)).toThrow(ApiError);
  });

  test.each(['', null, ' '])('%j selects everything', (selector) => {
    expect(labelFilter(selector)).toBeUndefined();
  });
});

describe('field selectors', () => {
  const table = kindTable(kinds);
  const pods = table.of('pods')!;
  const nodes = table.of('nodes')!;
  const running = { ...object, spec: { nodeName: 'n1' }, status: { phase: 'Running' } } as KubeObject;

  test.each([
    ['metadata.name=p', true],
    ['metadata.namespace=other', false],
    ['spec.nodeName=n1,status.phase!=Succeeded,status.phase!=Failed', true],
    ['spec.nodeName==n2', false],
    ['status.phase!=Running', false],
  ])('%s selects the pod: %s', (selector, selected) => {
    expect(fieldFilter(pods, selector)?.(running)).toBe(selected);
  });

  test('a field that is not set is empty', () => {
    expect(fieldFilter(pods, 'spec.nodeName=')?.(object)).toBe(true);
    expect(fieldFilter(nodes, 'spec.unschedulable=false')?.(object)).toBe(true);
  });

  test.each([
    [nodes, 'status.phase=x'],
    [nodes, 'metadata.namespace=x'],
    [table.of('virtualmachineinstances.kubevirt.io')!, 'status.nodeName=node02'],
  ])('a field the kind does not support is 400', (kind, selector) => {
    const field = selector.split('=')[0];
    expect(() => fieldFilter(kind, selector)).toThrow(`field label not supported: ${field}`);
  });
});
