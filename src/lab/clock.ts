/** How lab time relates to real time: a factor, or `max`: jump from event to event. */
export type Speed = number | 'max';

export interface Timer {
  cancel(): void;
}

interface Entry extends Timer {
  at: number;
  order: number;
  background: boolean;
  cancelled: boolean;
  run(): void;
}

/**
 * The lab's only clock: a discrete-event queue in milliseconds since the epoch. Events at the same instant run in
 * the order they were set, so a run is the same however loaded the machine is.
 *
 * Driven by hand (`advanceTo`, `runUntilIdle`) in tests, or by real time (`drive`). Background timers (heartbeats,
 * samplers) happen when their time comes but never make `max` jump: a lab at rest costs nothing.
 */
export class Clock {
  #now: number;
  #order = 0;
  #foreground = 0;
  #running = false;
  readonly #heap: Entry[] = [];
  #driver:
    | { speed: Speed; realStart: number; labStart: number; timeout?: NodeJS.Timeout; immediate?: NodeJS.Immediate }
    | undefined;

  constructor(start: number) {
    this.#now = start;
  }

  /** Lab time in ms since the epoch. Within an event: its time. Driven by a factor, it also moves between events. */
  now(): number {
    const driver = this.#driver;
    if (driver === undefined || driver.speed === 'max' || this.#running) return this.#now;
    const due = driver.labStart + (performance.now() - driver.realStart) * driver.speed;
    const next = this.#heap[0]?.at ?? Number.POSITIVE_INFINITY;
    // Never past an event that has not run yet: an observer must not see its time without its effect.
    return Math.max(this.#now, Math.min(due, next));
  }

  /** What drives it: real time by a factor, or events; undefined: nothing. */
  get speed(): Speed | undefined {
    return this.#driver?.speed;
  }

  iso(): string {
    return new Date(this.now()).toISOString();
  }

  /** Runs `run` after `delay` ms of lab time. */
  after(delay: number, run: () => void, options: { background?: boolean } = {}): Timer {
    return this.at(this.now() + Math.max(0, delay), run, options);
  }

  /** Runs `run` at a lab time (ms since the epoch); a time that has passed means as soon as possible. */
  at(at: number, run: () => void, { background = false }: { background?: boolean } = {}): Timer {
    const entry: Entry = {
      at: Math.max(at, this.#now),
      order: this.#order++,
      background,
      cancelled: false,
      run,
      cancel: () => {
        if (entry.cancelled) return;
        entry.cancelled = true;
        if (!background) this.#foreground--;
      },
    };
    if (!background) this.#foreground++;
    push(this.#heap, entry);
    this.#wake();
    return entry;
  }

  /** Runs `run` every `period` ms as a background timer, first after one period. */
  every(period: number, run: () => void): Timer {
    let timer: Timer | undefined;
    let stopped = false;
    const tick = (): void => {
      run();
      if (!stopped) timer = this.after(period, tick, { background: true });
    };
    timer = this.after(period, tick, { background: true });
    return {
      cancel: () => {
        stopped = true;
        timer?.cancel();
      },
    };
  }

  /** Runs everything due up to `time`, then stands at `time`. */
  advanceTo(time: number): void {
    while (this.#runNext(time));
    this.#now = Math.max(this.#now, time);
  }

  advanceBy(ms: number): void {
    this.advanceTo(this.#now + ms);
  }

  /** Jumps from event to event until only background timers are left, or `limit` ms of lab time have passed. */
  runUntilIdle(limit = Number.POSITIVE_INFINITY): void {
    const end = this.#now + limit;
    while (this.#foreground > 0 && this.#runNext(end));
  }

  /** Lets real time drive the clock. */
  drive(speed: Speed): void {
    this.stop();
    this.#driver = { speed, realStart: performance.now(), labStart: this.#now };
    this.#wake();
  }

  /** Stops driving; lab time stands still. */
  stop(): void {
    const driver = this.#driver;
    if (driver === undefined) return;
    this.#now = this.now();
    clearTimeout(driver.timeout);
    clearImmediate(driver.immediate);
    this.#driver = undefined;
  }

  #runNext(until: number): boolean {
    for (;;) {
      const entry = this.#heap[0];
      if (entry === undefined || entry.at > until) return false;
      pop(this.#heap);
      if (entry.cancelled) continue;
      if (!entry.background) this.#foreground--;
      entry.cancelled = true;
      this.#now = entry.at;
      this.#running = true;
      try {
        entry.run();
      } finally {
        this.#running = false;
      }
      return true;
    }
  }

  #wake(): void {
    const driver = this.#driver;
    if (driver === undefined) return;
    if (driver.speed === 'max' && this.#foreground > 0) {
      // One event a turn of the event loop, so that clients are served between events.
      driver.immediate ??= setImmediate(() => {
        delete driver.immediate;
        this.#runNext(Number.POSITIVE_INFINITY);
        this.#rebase();
        this.#wake();
      });
      return;
    }
    clearTimeout(driver.timeout);
    const next = this.#heap[0];
    if (next === undefined) return;
    const factor = driver.speed === 'max' ? 1 : driver.speed;
    const due = driver.realStart + (next.at - driver.labStart) / factor;
    driver.timeout = setTimeout(() => this.#catchUp(), Math.min(Math.max(0, due - performance.now()), 2 ** 31 - 1));
  }

  #catchUp(): void {
    const driver = this.#driver;
    if (driver === undefined) return;
    const factor = driver.speed === 'max' ? 1 : driver.speed;
    const due = driver.labStart + (performance.now() - driver.realStart) * factor;
    const deadline = performance.now() + 20;
    // A burst of due events yields now and then, so that the server stays responsive.
    while (performance.now() < deadline && this.#runNext(due));
    this.#wake();
  }

  /** At `max`, real time has to be counted anew from wherever the last jump ended. */
  #rebase(): void {
    const driver = this.#driver;
    if (driver === undefined) return;
    driver.realStart = performance.now();
    driver.labStart = this.#now;
  }
}

function before(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

function push(heap: Entry[], entry: Entry): void {
  let index = heap.length;
  heap.push(entry);
  while (index > 0) {
    const parent = (index - 1) >> 1;
    const above = heap[parent] as Entry;
    if (before(above, entry)) break;
    heap[index] = above;
    index = parent;
  }
  heap[index] = entry;
}

function pop(heap: Entry[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let index = 0;
  for (;;) {
    let child = 2 * index + 1;
    if (child >= heap.length) break;
    const right = child + 1;
    if (right < heap.length && before(heap[right] as Entry, heap[child] as Entry)) child = right;
    const below = heap[child] as Entry;
    if (before(last, below)) break;
    heap[index] = below;
    index = child;
  }
  heap[index] = last;
}
