/** Lines kept for each container. */
const LINES = 2000;

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
  forget(pod: string): void;
}

/** Logs by the UID of the pod. */
export function logBook(): LogBook {
  const books = new Map<string, Map<string, LogLine[]>>();
  return {
    write: (pod, container, line) => {
      const book = books.get(pod) ?? new Map<string, LogLine[]>();
      books.set(pod, book);
      const lines = book.get(container) ?? [];
      book.set(container, lines);
      lines.push(line);
      if (lines.length > 2 * LINES) lines.splice(0, lines.length - LINES);
    },
    read: (pod, container) => books.get(pod)?.get(container)?.slice(-LINES) ?? [],
    forget: (pod) => void books.delete(pod),
  };
}
