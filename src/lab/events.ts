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
}

interface EventObject extends KubeObject {
  involvedObject: Record<string, unknown>;
  type: string;
  reason: string;
  message: string;
  count: number;
  firstTimestamp: string;
  lastTimestamp: string;
}

export interface EventRecorder {
  normal(about: KubeObject, source: EventSource, reason: string, message: string): void;
  warning(about: KubeObject, source: EventSource, reason: string, message: string): void;
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
      if (event !== undefined && Date.parse(event.lastTimestamp) + TTL > clock.now()) {
        expiry.push({ key, at: Date.parse(event.lastTimestamp) + TTL });
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
      store.update(resources.events, { ...before, count: before.count + 1, lastTimestamp: time });
      return;
    }
    const name = `${about.metadata.name}.${names.uuid().replaceAll('-', '').slice(0, 16)}`;
    known.set(key, { namespace, name });
    expiry.push({ key, at: clock.now() + TTL });
    const event: EventObject & Record<string, unknown> = {
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
      source: { ...source },
      firstTimestamp: time,
      lastTimestamp: time,
      count: 1,
      type,
      eventTime: null,
      reportingComponent: source.component,
      reportingInstance: source.host ?? '',
    };
    store.create(resources.events, event);
  };
  return {
    normal: (about, source, reason, message) => record('Normal', about, source, reason, message),
    warning: (about, source, reason, message) => record('Warning', about, source, reason, message),
  };
}
