import type { KubeObject } from '../model/objects.ts';
import { type Store, seconds } from './api/store.ts';
import type { Clock } from './clock.ts';
import type { Random } from './random.ts';
import { resources } from './resources.ts';

/** kube-apiserver's --event-ttl as OpenShift sets it (cluster-kube-apiserver-operator, defaultconfig.yaml; Kubernetes by itself: 1 h). */
const TTL = 3 * 60 * 60 * 1000;

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

/** How long different messages count as similar, and how many may (client-go's EventAggregator). */
const SIMILAR_FOR = 600_000;
const SIMILAR = 10;
/** Events of one source about one object: so many at once, then one more every so often (client-go's EventSourceObjectSpamFilter). */
const BURST = 25;
const REFILL = 300_000;

/** What client-go's EventCorrelator remembers of events about one object. */
interface Correlation {
  /** Messages seen for each kind of event, and when the last one came. */
  similar: Map<string, { messages: Set<string>; last: number }>;
  /** What is left of the burst of each source, and when it was counted. */
  tokens: Map<string, { left: number; at: number }>;
  last: number;
}

/**
 * Records Events as client-go's recorder and correlator do: the same event about the same object counts up instead of
 * piling up; from the tenth different message within ten minutes on, they are combined into one event; and one source
 * may not write more than 25 events about an object in a burst.
 */
export function eventRecorder(clock: Clock, store: Store, random: Random): EventRecorder {
  const names = random.fork('events');
  const known = new Map<string, { namespace: string; name: string }>();
  const correlations = new Map<string, Correlation>();
  const expiry: { key: string; at: number }[] = [];
  clock.every(TTL / 6, () => {
    for (const [uid, { last }] of correlations) if (last + BURST * REFILL <= clock.now()) correlations.delete(uid);
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

  const correlationOf = (about: KubeObject): Correlation => {
    const uid = about.metadata.uid ?? about.metadata.name;
    let found = correlations.get(uid);
    if (found === undefined) {
      found = { similar: new Map(), tokens: new Map(), last: 0 };
      correlations.set(uid, found);
    }
    found.last = clock.now();
    return found;
  };

  /** Whether there are so many different messages by now that they are combined. */
  const isCombined = ({ similar }: Correlation, kind: string, message: string): boolean => {
    let found = similar.get(kind);
    if (found === undefined || clock.now() - found.last > SIMILAR_FOR) {
      found = { messages: new Set(), last: 0 };
      similar.set(kind, found);
    }
    found.messages.add(message);
    found.last = clock.now();
    if (found.messages.size < SIMILAR) return false;
    const [oldest] = found.messages;
    if (oldest !== undefined) found.messages.delete(oldest);
    return true;
  };

  /** Takes one from the burst; false if nothing is left. */
  const mayWrite = ({ tokens }: Correlation, source: string): boolean => {
    const { left, at } = tokens.get(source) ?? { left: BURST, at: clock.now() };
    const filled = Math.min(BURST, left + (clock.now() - at) / REFILL);
    tokens.set(source, { left: filled < 1 ? filled : filled - 1, at: clock.now() });
    return filled >= 1;
  };

  const record = (type: string, about: KubeObject, source: EventSource, reason: string, text: string): void => {
    const namespace = about.metadata.namespace ?? 'default';
    const kind = [about.metadata.uid, type, reason, source.component, source.host].join('\n');
    let message = text;
    let key = `${kind}\n${text}`;
    // Only the older recorder correlates; events.k8s.io/v1 has series instead.
    if (source.action === undefined) {
      const correlation = correlationOf(about);
      if (isCombined(correlation, kind, text)) {
        message = `(combined from similar events): ${text}`;
        key = kind;
      }
      if (!mayWrite(correlation, `${source.component}\n${source.host ?? ''}`)) return;
    }
    const time = seconds(clock.now());
    const place = known.get(key);
    const before = place && store.get<EventObject>(resources.events, place.namespace, place.name);
    if (before !== undefined) {
      const again =
        source.action === undefined
          ? { message, count: (before.count ?? 0) + 1, lastTimestamp: time }
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
