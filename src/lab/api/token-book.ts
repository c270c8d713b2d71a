import type { User } from './extension.ts';

export interface TokenTerms {
  /** Lab time, ms since the epoch; default: never. */
  expires?: number;
  /** Asked at each use: whether whom it was made for still exists. */
  valid?: () => boolean;
}

interface Entry extends TokenTerms {
  user: User;
}

/** The bearer tokens an API server lets in. They can be added and revoked while it runs, and expire on lab time. */
export class TokenBook {
  readonly #clock: { now(): number };
  readonly #entries = new Map<string, Entry>();

  constructor(clock: { now(): number }, users: Readonly<Record<string, User>> = {}) {
    this.#clock = clock;
    for (const [token, user] of Object.entries(users)) this.add(token, user);
  }

  add(token: string, user: User, terms: TokenTerms = {}): void {
    for (const [old, entry] of this.#entries) if (!this.#holds(entry)) this.#entries.delete(old);
    this.#entries.set(token, { user, ...terms });
  }

  revoke(token: string): void {
    this.#entries.delete(token);
  }

  /** Whose token it is; undefined if it is nobody's, or nobody's any more. */
  userOf(token: string): User | undefined {
    const entry = this.#entries.get(token);
    return entry !== undefined && this.#holds(entry) ? entry.user : undefined;
  }

  #holds({ expires = Number.POSITIVE_INFINITY, valid }: Entry): boolean {
    return this.#clock.now() < expires && valid?.() !== false;
  }
}
