import { finishAll, type Run } from './run.ts';

/** The connection was lost: it is told once, and asked after until it is back. */
export function linkLost(run: Run, message: string): void {
  if (run.lostSince !== undefined) return;
  run.lostSince = performance.now();
  run.emit({ type: 'interrupted', message });
  askLink(run);
}

/**
 * An answer to `askLink`. A watch that goes on after an interruption says nothing until something changes, so whether
 * the cluster can be reached again has to be asked. Once it could not for too long, every move ends as `lost`.
 */
export function linkTold(run: Run, up: boolean): void {
  if (run.lostSince === undefined) return;
  if (up) {
    delete run.lostSince;
    run.emit({ type: 'reconnected' });
  } else if (performance.now() - run.lostSince >= run.timing.lost) {
    finishAll(run, 'lost');
  } else {
    setTimeout(() => askLink(run), run.timing.retry).unref();
  }
}

function askLink(run: Run): void {
  const told = (up: boolean): void => run.post({ from: 'link', up });
  run.client.raw('GET', '/version', { signal: run.signal }).then(
    () => told(true),
    () => told(false),
  );
}
