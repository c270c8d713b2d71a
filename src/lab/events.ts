import type { KubeObject } from '../model/objects.ts';
import { type Store, seconds } from './api/store.ts';
import type { Clock } from './clock.ts';
import type { Random } from './random.ts';
import { resources } from './resources.ts';

/** kube-apiserver's --event-ttl. */
const TTL = 60 * 60 * 1000;

interface EventSource {
  component: string;
  /** The node, for virt-handler and the kubelet. */
  host?: string;
  /** Of those that write events.k8s.io/v1, as kube-scheduler does: what they were doing. */
  action?: string;
}

interface EventObject extends KubeObject {
  involvedObject: Record<string, unknown>;
  type: string;
  reason: string;
  message: string;
  count?: number;
  lastTimestamp: string | null;
  series?: { count: number; lastObservedTime: string };
}

export interface EventRecorder {
  normal(about: KubeObject, source: EventSource, reason: string, message: string): void;
  warning(about: KubeObject, source: EventSource, reason: string, message: string): void;
}

function coreTimes(source: EventSource, time: string): object {
  return {
    source: { ...source },
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
    eventTime: null,
    reportingComponent: source.component,
    reportingInstance: source.host ?? '',
  };
}

function micro(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}

/** How an event of events.k8s.io/v1 looks at the core API (recordings, run1/events): one exact time, no count. */
function newTimes({ component, action }: EventSource, ms: number): object {
  return {
    source: {},
    firstTimestamp: null,
    lastTimestamp: null,
    eventTime: micro(ms),
    action,
    reportingComponent: component,
    reportingInstance: `${component}-control-plane-0`,
  };
}

/** Records Events as client-go does: the same event about the same object counts up instead of piling up. */
export function eventRecorder(clock: Clock, store: Store, random: Random): EventRecorder {
  const names = random.fork('events');
  const known = new Map<string, { namespace: string; name: string }>();
  const expiry: { key: string; at: number }[] = [];
  clock.every(TTL / 6, () => {
    while (expiry[0] !== undefined && expiry[0].at <= clock.now()) {
      const { key } = expiry.shift() as { key: string; at: number };
      const place = known.get(key);
      if (place === undefined) continue;
      const event = store.get<EventObject>(resources.events, place.namespace, place.name);
      const last = Date.parse(event?.series?.lastObservedTime ?? event?.lastTimestamp ?? '');
      if (last + TTL > clock.now()) {
        expiry.push({ key, at: last + TTL });
        continue;
      }
      known.delete(key);
      store.delete(resources.events, place.namespace, place.name);
    }
  });

  const record = (type: string, about: KubeObject, source: EventSource, reason: string, message: string): void => {
    const namespace = about.metadata.namespace ?? 'default';
    const key = [about.metadata.uid, type, reason, message, source.component, source.host].join('\n');
    const time = seconds(clock.now());
    const place = known.get(key);
    const before = place && store.get<EventObject>(resources.events, place.namespace, place.name);
    if (before !== undefined) {
      const again =
        source.action === undefined
          ? { count: (before.count ?? 0) + 1, lastTimestamp: time }
          : { series: { count: (before.series?.count ?? 1) + 1, lastObservedTime: micro(clock.now()) } };
      store.update(resources.events, { ...before, ...again });
      return;
    }
    const name = `${about.metadata.name}.${names.uuid().replaceAll('-', '').slice(0, 16)}`;
    known.set(key, { namespace, name });
    expiry.push({ key, at: clock.now() + TTL });
    const event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace },
      involvedObject: {
        apiVersion: about.apiVersion,
        kind: about.kind,
        ...(about.metadata.namespace === undefined ? {} : { namespace }),
        name: about.metadata.name,
        uid: about.metadata.uid,
        resourceVersion: about.metadata.resourceVersion,
      },
      reason,
      message,
      ...(source.action === undefined ? coreTimes(source, time) : newTimes(source, clock.now())),
      type,
    };
    store.create(resources.events, event);
  };
  return {
    normal: (about, source, reason, message) => record('Normal', about, source, reason, message),
    warning: (about, source, reason, message) => record('Warning', about, source, reason, message),
  };
}
