import { randomBytes } from 'node:crypto';
import { FerryError } from '../model/errors.ts';
import { contentHash, type Done, type Draft, type Prepared, requireSame } from './draft.ts';

/** A draft that can be confirmed by its id and hash, until it expires. */
export interface Proposal extends Draft {
  id: string;
  /** Of the content (draft.ts). */
  hash: string;
  /** ISO 8601. */
  createdAt: string;
  expiresAt: string;
}

/** What has become of a proposal. */
export type Progress =
  /** `refused`: the user said no. That is the end of it. */
  | { state: 'open' | 'expired' | 'refused' }
  | { state: 'running'; lines: readonly string[] }
  | { state: 'done'; lines: readonly string[]; done: Done }
  /** It was confirmed, and could not be begun, or ended in an error. */
  | { state: 'failed'; lines: readonly string[]; error: unknown };

export interface Held {
  proposal: Proposal;
  progress: Progress;
  /** The user was asked about it: from then on nothing but their answer counts. */
  asked: boolean;
}

/** Reads the cluster and decides, once for the proposal and once more when it is confirmed. */
export type Prepare = (signal: AbortSignal) => Promise<Prepared>;

interface Entry extends Held {
  owner: string;
  prepare: Prepare;
  /** Settles when the run has ended; never rejects. */
  run?: Promise<void>;
  expires: number;
}

/** How long a proposal can be confirmed, ms. */
export const LIFETIME = 600_000;
/** Proposals kept; then the oldest that is not running goes. */
const MOST = 200;
/** Lines kept of a run. */
const LINES = 200;

/** The proposals of one server, in its memory: they end with it, and so does nothing that has begun in the cluster. */
export class ProposalStore {
  readonly #entries = new Map<string, Entry>();
  readonly #now: () => number;
  /** Ends the following of all runs. */
  readonly #signal: AbortSignal;
  readonly #changed = new Set<(id: string) => void>();

  constructor(signal: AbortSignal, now: () => number = Date.now) {
    this.#signal = signal;
    this.#now = now;
  }

  /** Decides, asks the API server whether it would take it, and keeps it for its owner. Changes nothing. */
  async propose(prepare: Prepare, owner: string, signal: AbortSignal): Promise<Proposal> {
    const { draft, rehearse } = await prepare(signal);
    await rehearse(signal);
    const now = this.#now();
    const proposal: Proposal = {
      ...draft,
      id: `p-${randomBytes(8).toString('hex')}`,
      hash: contentHash(draft),
      createdAt: new Date(now).toISOString(),
      expiresAt: new Date(now + LIFETIME).toISOString(),
    };
    this.#makeRoom();
    this.#entries.set(proposal.id, {
      proposal,
      progress: { state: 'open' },
      asked: false,
      owner,
      prepare,
      expires: now + LIFETIME,
    });
    this.#tell(proposal.id);
    return proposal;
  }

  /** Those of an owner, the newest first. */
  list(owner: string): Held[] {
    return [...this.#entries.values()]
      .filter((entry) => entry.owner === owner)
      .map((entry) => this.#held(entry))
      .reverse();
  }

  /** Throws FERRY_E_NOT_FOUND; for another's as well, so that nobody learns of it. */
  get(id: string, owner: string): Held {
    return this.#held(this.#entry(id, owner));
  }

  /** The proposal that would be carried out. Throws FERRY_E_NOT_FOUND, FERRY_E_UNCONFIRMED (wrong hash), FERRY_E_STALE (expired). */
  confirmable(id: string, hash: string, owner: string): Held {
    const entry = this.#entry(id, owner);
    if (entry.proposal.hash !== hash) {
      throw new FerryError(
        'FERRY_E_UNCONFIRMED',
        `the hash is not that of proposal ${id}; nothing was changed`,
        'Give the hash that came with the proposal, after it was read.',
      );
    }
    const held = this.#held(entry);
    if (held.progress.state === 'expired') {
      throw new FerryError(
        'FERRY_E_STALE',
        `proposal ${id} expired at ${entry.proposal.expiresAt}; nothing was changed`,
        'Ask for a new one.',
      );
    }
    if (held.progress.state === 'refused') {
      throw new FerryError(
        'FERRY_E_UNCONFIRMED',
        `the user said no to proposal ${id}; nothing was changed`,
        'Ask them what they want instead; that is a new proposal.',
      );
    }
    return held;
  }

  /** The user is being asked about it. Throws as `confirmable` does. */
  ask(id: string, hash: string, owner: string): void {
    this.confirmable(id, hash, owner);
    this.#entry(id, owner).asked = true;
  }

  /** The user said no: it can't be confirmed any more. What runs by then is not stopped. Throws as `confirmable` does. */
  refuse(id: string, hash: string, owner: string): void {
    this.confirmable(id, hash, owner);
    const entry = this.#entry(id, owner);
    if (entry.progress.state !== 'open') return;
    entry.progress = { state: 'refused' };
    this.#tell(id);
  }

  /**
   * Carries a confirmed proposal out, once: decides again, and goes on only if that is the same write. Whoever asks again
   * gets the same run. Resolves when it has ended, or after `wait` ms, or at the signal; the run goes on.
   */
  async apply(
    id: string,
    hash: string,
    owner: string,
    { wait, signal }: { wait: number; signal: AbortSignal },
  ): Promise<Held> {
    this.confirmable(id, hash, owner);
    const entry = this.#entry(id, owner);
    // Who has taken the request back by now wants nothing to begin.
    if (entry.run === undefined) signal.throwIfAborted();
    entry.run ??= this.#run(entry);
    await settled(entry.run, wait, signal);
    return this.#held(entry);
  }

  /** When all that runs has ended: soon, once the signal has gone off. */
  async settled(): Promise<void> {
    for (const { run } of this.#entries.values()) await run;
  }

  /** Is told the id of what is new or has changed, until the returned function is called. */
  onChange(listener: (id: string) => void): () => void {
    this.#changed.add(listener);
    return () => void this.#changed.delete(listener);
  }

  async #run(entry: Entry): Promise<void> {
    const lines: string[] = [];
    const become = (progress: Progress): void => {
      entry.progress = progress;
      this.#tell(entry.proposal.id);
    };
    const tell = (line: string): void => {
      lines.push(line);
      if (lines.length > LINES) lines.shift();
      this.#tell(entry.proposal.id);
    };
    become({ state: 'running', lines });
    try {
      const prepared = await entry.prepare(this.#signal);
      requireSame(entry.proposal, prepared.draft);
      become({ state: 'done', lines, done: await prepared.carryOut({ signal: this.#signal, tell }) });
    } catch (error) {
      become({ state: 'failed', lines, error });
    }
  }

  #entry(id: string, owner: string): Entry {
    const entry = this.#entries.get(id);
    if (entry?.owner === owner) return entry;
    throw new FerryError(
      'FERRY_E_NOT_FOUND',
      `there is no proposal ${id}`,
      'Proposals live for 10 minutes, and no longer than the server. Ask for a new one.',
    );
  }

  #held({ proposal, progress, asked, expires }: Entry): Held {
    const isOver = progress.state === 'open' && this.#now() >= expires;
    return { proposal, progress: isOver ? { state: 'expired' } : progress, asked };
  }

  #makeRoom(): void {
    for (const [id, { progress }] of this.#entries) {
      if (this.#entries.size < MOST) return;
      if (progress.state !== 'running') this.#entries.delete(id);
    }
  }

  #tell(id: string): void {
    for (const listener of this.#changed) listener(id);
  }
}

async function settled(run: Promise<void>, wait: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, wait);
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    void run.then(end);
  });
}
