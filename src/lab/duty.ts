/** Whether a component of the control plane does its work. What it has to do meanwhile waits until it does again. */
export interface Duty {
  works(): boolean;
  set(works: boolean): void;
  /** Runs now, or else when it works again, in the order of asking. */
  whenWorks(run: () => void): void;
}

/** A component that works until it is said that it does not. */
export function duty(): Duty {
  let works = true;
  let waiting: (() => void)[] = [];
  return {
    works: () => works,
    set: (now) => {
      works = now;
      while (works && waiting.length > 0) {
        const due = waiting;
        waiting = [];
        // One of them may end it again: then the rest goes on waiting.
        for (const [at, run] of due.entries()) {
          if (!works) {
            waiting = [...due.slice(at), ...waiting];
            return;
          }
          run();
        }
      }
    },
    whenWorks: (run) => {
      if (works) run();
      else waiting.push(run);
    },
  };
}
