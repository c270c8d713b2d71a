/** Whether a component of the control plane does its work. What it has to do meanwhile waits until it does again. */
export interface Duty {
  works(): boolean;
  set(works: boolean): void;
  /** Runs now, or else when it works again, in the order of asking. */
  whenWorks(run: () => void): void;
}

/** A component that works until it is said that it does not. */
export function duty(): Duty {
  const waiting: (() => void)[] = [];
  const state = { works: true };
  return {
    works: () => state.works,
    set: (works) => {
      state.works = works;
      // One of them may end it again: then the rest goes on waiting.
      while (state.works) {
        const next = waiting.shift();
        if (next === undefined) return;
        next();
      }
    },
    whenWorks: (run) => {
      if (state.works) run();
      else waiting.push(run);
    },
  };
}
