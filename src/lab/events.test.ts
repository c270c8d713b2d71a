import { beforeEach, describe, expect, test } from 'vitest';
import { Store } from './api/store.ts';
import { Clock } from './clock.ts';
import { type EventRecorder, eventRecorder } from './events.ts';
import { random } from './random.ts';
import { resources } from './resources.ts';

const vmi = {
  apiVersion: 'kubevirt.io/v1',
  kind: 'VirtualMachineInstance',
  metadata: { name: 'web', namespace: 'shop', uid: 'u1', resourceVersion: '7' },
};
const source = { component: 'virtualmachine-controller' };

interface Shown {
  message: string;
  count: number;
  firstTimestamp: string;
  lastTimestamp: string;
}

let clock: Clock;
let store: Store;
let events: EventRecorder;

beforeEach(() => {
  clock = new Clock(Date.parse('2026-03-01T08:00:00Z'));
  const rng = random('1');
  store = new Store(clock, rng);
  events = eventRecorder(clock, store, rng);
});

const shown = (): [string, number][] =>
  store
    .list(resources.events)
    .map((event) => event as unknown as Shown)
    .sort((a, b) => (a.message < b.message ? -1 : 1))
    .map(({ message, count }) => [message, count]);

describe('events', () => {
  test('the same event counts up and keeps its first time', () => {
    for (let time = 0; time < 3; time++) {
      events.warning(vmi, source, 'MigrationBackoff', 'backoff migrating vmi shop/web');
      clock.advanceBy(1000);
    }
    expect(store.list(resources.events)).toMatchObject([
      { count: 3, firstTimestamp: '2026-03-01T08:00:00Z', lastTimestamp: '2026-03-01T08:00:02Z' },
    ]);
  });

  test('the tenth different message within ten minutes is combined, as recorded, and so are those after it', () => {
    for (let pod = 0; pod < 12; pod++)
      events.warning(vmi, source, 'FailedCreate', `pod ${String(pod).padStart(2, '0')}`);
    expect(shown()).toEqual([
      ['(combined from similar events): pod 11', 3],
      ...Array.from({ length: 9 }, (_, pod) => [`pod 0${pod}`, 1]),
    ]);
  });

  test('after ten quiet minutes messages stand alone again', () => {
    for (let pod = 0; pod < 10; pod++) events.warning(vmi, source, 'FailedCreate', `pod ${pod}`);
    clock.advanceBy(601_000);
    events.warning(vmi, source, 'FailedCreate', 'late');
    expect(shown()).toContainEqual(['late', 1]);
  });

  test('one source may write 25 at once about an object, and one more every five minutes', () => {
    for (let n = 0; n < 40; n++) events.normal(vmi, source, `Reason${n}`, 'text');
    expect(shown()).toHaveLength(25);
    events.normal(vmi, { component: 'virt-handler', host: 'n1' }, 'Other', 'text');
    expect(shown()).toHaveLength(26);
    clock.advanceBy(301_000);
    events.normal(vmi, source, 'A', 'text');
    events.normal(vmi, source, 'B', 'text');
    expect(shown()).toHaveLength(27);
  });

  test('an event goes three hours after it was seen last', () => {
    events.normal(vmi, source, 'A', 'text');
    clock.advanceBy(170 * 60_000);
    expect(shown()).toHaveLength(1);
    clock.advanceBy(60 * 60_000);
    expect(shown()).toEqual([]);
  });
});
