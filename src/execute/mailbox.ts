/** What several sources send and one reader takes in order. */
export interface Mailbox<T> {
  push(item: T): void;
  /** All that has come since; waits for the first. */
  take(): Promise<T[]>;
}

export function mailbox<T>(): Mailbox<T> {
  let items: T[] = [];
  let wake: (() => void) | undefined;
  return {
    push(item) {
      items.push(item);
      wake?.();
    },
    async take() {
      if (items.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      wake = undefined;
      const taken = items;
      items = [];
      return taken;
    },
  };
}
