import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { FerryError } from '../../model/errors.ts';
import { parseFilter, pick } from './filter.ts';

const pod = {
  metadata: { name: 'virt-handler-x', namespace: 'openshift-cnv', labels: { 'kubevirt.io/nodeName': 'worker-1' } },
  status: {
    phase: 'Running',
    containerStatuses: [
      { ready: true, restartCount: 2 },
      { ready: false, restartCount: 0 },
    ],
    startTime: '2026-03-01T08:00:00Z',
    gone: null,
  },
};

test.each<[string, boolean]>([
  ['.status.phase=Running', true],
  ['status.phase==Running', true],
  [".status.phase = 'Running'", true],
  ['.status.phase!=Running', false],
  ['.status.containerStatuses[0].ready=true', true],
  ['.status.containerStatuses[1].ready=true', false],
  ['.status.containerStatuses[*].ready=false', true],
  ['.status.containerStatuses[*].ready!=false', false],
  ['.status.containerStatuses[*].restartCount>1', true],
  ['.status.containerStatuses[*].restartCount>=3', false],
  ['.status.startTime<2026-03-02', true],
  [".metadata.labels['kubevirt.io/nodeName']=worker-1", true],
  ['.status.reason', false],
  ['!.status.reason', true],
  ['!.status.gone', true],
  ['.status.phase', true],
  ['.status.reason!=x', true],
  ['.constructor', false],
])('%s is %s of the pod', (filter, holds) => {
  expect(parseFilter(filter)(pod)).toBe(holds);
});

test('only some fields, with what names the object', () => {
  expect(pick(pod, ['status.phase', '.status.containerStatuses[*].ready', '.status.nope'])).toEqual({
    '.metadata.namespace': 'openshift-cnv',
    '.metadata.name': 'virt-handler-x',
    '.status.phase': 'Running',
    '.status.containerStatuses[*].ready': [true, false],
  });
});

test('any text is a filter, or refused in words', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        expect(typeof parseFilter(text)(pod)).toBe('boolean');
      } catch (error) {
        expect(error).toBeInstanceOf(FerryError);
      }
    }),
  );
});
