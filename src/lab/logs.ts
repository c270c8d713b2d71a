/** Lines kept for each container. */
const LINES = 2000;
/** So many more are kept for a while: forgetting them one by one would cost more. */
const SLACK = 200;

export interface LogLine {
  /** Lab time, ms since the epoch. */
  time: number;
  text: string;
}

/** Container logs, as the kubelet serves them: the newest lines of each container. */
export interface LogBook {
  write(pod: string, container: string, line: LogLine): void;
  /** Oldest first. */
  read(pod: string, container: string): LogLine[];
  /** Calls `line` for every line from now on. Returns how to stop. */
  follow(pod: string, container: string, line: (line: LogLine) => void): () => void;
  forget(pod: string): void;
}

/** Logs by the UID of the pod. */
export function logBook(): LogBook {
  const books = new Map<string, Map<string, LogLine[]>>();
  const followers = new Map<string, Set<(line: LogLine) => void>>();
  return {
    write: (pod, container, line) => {
      const book = books.get(pod) ?? new Map<string, LogLine[]>();
      books.set(pod, book);
      const lines = book.get(container) ?? [];
      book.set(container, lines);
      lines.push(line);
      for (const tell of followers.get(`${pod}/${container}`) ?? []) tell(line);
      if (lines.length > LINES + SLACK) lines.splice(0, lines.length - LINES);
    },
    read: (pod, container) => books.get(pod)?.get(container)?.slice(-LINES) ?? [],
    follow: (pod, container, line) => {
      const key = `${pod}/${container}`;
      const mine = followers.get(key) ?? new Set();
      followers.set(key, mine.add(line));
      return () => {
        mine.delete(line);
        if (mine.size === 0) followers.delete(key);
      };
    },
    forget: (pod) => void books.delete(pod),
  };
}
