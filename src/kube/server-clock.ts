/**
 * The API server's clock, from the Date headers of its answers. A Date is cut to whole seconds and some time passed on
 * the way, so each answer only bounds the offset; the estimate moves no further than the newest bounds make it, and
 * gets better with every answer.
 */
export class ServerClock {
  readonly #now: () => number;
  #offset: number | undefined;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Ms since the epoch; this machine's clock before the first answer. */
  now(): number {
    return this.#now() + (this.#offset ?? 0);
  }

  /** `sent`: when the request went out, by this machine's clock. */
  observe(date: string | undefined, sent: number): void {
    const second = Date.parse(date ?? '');
    if (Number.isNaN(second)) return;
    const least = second - this.#now();
    const most = second + 999 - sent;
    this.#offset = this.#offset === undefined ? (least + most) / 2 : Math.min(most, Math.max(least, this.#offset));
  }
}
