import { forbidden } from '../cluster/explain.ts';
import { missingOf } from '../cluster/rights.ts';
import { FerryError } from '../model/errors.ts';
import type { Change, Changes, ResourceKind, Source } from './resource.ts';
import { parseUri, uriOf } from './uri.ts';

/** What one subscriber wants to hear of. */
export interface Wish {
  uris: readonly string[];
  /** Whether the list of resources has changed. */
  list: boolean;
}

/** How a subscriber is told. */
export interface Subscriber {
  updated(uri: string): void;
  listChanged(): void;
}

interface Subscription extends Subscriber {
  uris: ReadonlySet<string>;
  list: boolean;
}

/** A URI, or the list of resources, is told of no more often than once in so many ms. */
const PAUSE = 1_000;
/** After news of a kind have ended for want of a right or of a server, they are asked for again. */
const AGAIN = 30_000;
/** URIs of one subscription. */
const MOST_URIS = 100;
const LIST = Symbol('the list of resources');

/**
 * Who subscribes to which resources, on all connections of the server. The news of a kind are followed once, and only
 * while somebody wants them; nobody is told more than once a second of the same, and of the last change always.
 */
export class Subscriptions {
  readonly #kinds: readonly ResourceKind[];
  readonly #source: (signal: AbortSignal) => Source;
  readonly #open = new Set<Subscription>();
  readonly #followed = new Map<ResourceKind, AbortController>();
  /** What was told a moment ago, and whether it has changed since. */
  readonly #told = new Map<string | typeof LIST, { again: boolean; timer: NodeJS.Timeout }>();

  constructor(kinds: readonly ResourceKind[], source: (signal: AbortSignal) => Source) {
    this.#kinds = kinds;
    this.#source = source;
  }

  /** Kinds whose news are being followed. */
  get followed(): string[] {
    return [...this.#followed.keys()].map(({ name }) => name);
  }

  /**
   * Whether the wish can be granted. Throws FERRY_E_USAGE where a URI is none that changes are told of, FERRY_E_FORBIDDEN
   * with the missing rule.
   */
  async admit({ uris, list }: Wish, signal: AbortSignal): Promise<void> {
    if (uris.length > MOST_URIS) throw usage(`more than ${MOST_URIS} URIs`, 'Subscribe to fewer.');
    const kinds = new Set(uris.map((uri) => this.#kindOf(uri)));
    if (list) for (const kind of this.#kinds) if (kind.changes !== undefined) kinds.add(kind);
    const needs = [...kinds].flatMap(({ changes }) => changes?.needs ?? []);
    if (needs.length === 0) return;
    const [first, ...more] = await missingOf(await this.#source(signal).client(), undefined, needs);
    if (first !== undefined) throw forbidden(first, ...more);
  }

  /** Tells the subscriber what changes until the returned function is called. */
  add({ uris, list }: Wish, subscriber: Subscriber): () => void {
    const subscription = { ...subscriber, uris: new Set(uris), list };
    this.#open.add(subscription);
    this.#adjust();
    return () => {
      if (this.#open.delete(subscription)) this.#adjust();
    };
  }

  close(): void {
    this.#open.clear();
    this.#adjust();
  }

  #kindOf(uri: string): ResourceKind {
    const kind = this.#kinds.find((each) => parseUri(each.uri, uri) !== undefined);
    const variables = kind && kind.variables.safeParse(parseUri(kind.uri, uri));
    if (kind === undefined || variables?.success !== true) {
      throw usage(
        `there is no resource "${uri.slice(0, 200)}"`,
        'resources/list and resources/templates/list have them.',
      );
    }
    const written = uriOf(kind.uri, variables.data as Record<string, string>);
    if (written !== uri) throw usage(`"${uri.slice(0, 200)}" is not how this resource is written`, `Use ${written}.`);
    return kind;
  }

  /** Follows what somebody wants, and nothing else. */
  #adjust(): void {
    for (const kind of this.#kinds) {
      if (kind.changes === undefined) continue;
      const running = this.#followed.get(kind);
      const wanted = this.#isWanted(kind);
      if (wanted && running === undefined) {
        const end = new AbortController();
        this.#followed.set(kind, end);
        void this.#follow(kind, kind.changes, end.signal);
      } else if (!wanted && running !== undefined) {
        this.#followed.delete(kind);
        running.abort();
      }
    }
    if (this.#open.size > 0) return;
    for (const { timer } of this.#told.values()) clearTimeout(timer);
    this.#told.clear();
  }

  #isWanted(kind: ResourceKind): boolean {
    for (const { uris, list } of this.#open) {
      if (list) return true;
      for (const uri of uris) if (parseUri(kind.uri, uri) !== undefined) return true;
    }
    return false;
  }

  async #follow(kind: ResourceKind, { follow }: Changes, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      // What ends it (a right that was taken away) is told to whoever reads next; subscriptions know no errors.
      await follow(this.#source(signal), (change) => this.#hear(kind, change, signal)).catch(() => undefined);
      await pause(AGAIN, signal);
    }
  }

  #hear(kind: ResourceKind, change: Change, signal: AbortSignal): void {
    if (signal.aborted) return;
    if (change === 'anything') {
      const wanted = new Set([...this.#open].flatMap(({ uris }) => [...uris]));
      for (const uri of wanted) if (parseUri(kind.uri, uri) !== undefined) this.#change(uri);
      return;
    }
    this.#change(change.uri);
    if (change.list === true) this.#change(LIST);
  }

  #change(what: string | typeof LIST): void {
    const told = this.#told.get(what);
    if (told !== undefined) told.again = true;
    else if (this.#tell(what)) this.#pause(what);
  }

  /** Whether anybody wanted to hear it. */
  #tell(what: string | typeof LIST): boolean {
    let heard = false;
    for (const each of this.#open) {
      if (what === LIST ? !each.list : !each.uris.has(what)) continue;
      heard = true;
      if (what === LIST) each.listChanged();
      else each.updated(what);
    }
    return heard;
  }

  #pause(what: string | typeof LIST): void {
    const timer = setTimeout(() => {
      const again = this.#told.get(what)?.again === true;
      this.#told.delete(what);
      if (again) this.#change(what);
    }, PAUSE);
    timer.unref();
    this.#told.set(what, { again: false, timer });
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    timer.unref();
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
  });
}

function usage(message: string, hint: string): FerryError {
  return new FerryError('FERRY_E_USAGE', message, hint);
}
