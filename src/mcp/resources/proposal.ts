import { z } from 'zod';
import { explain } from '../../cluster/explain.ts';
import type { Held } from '../../propose/store.ts';
import { proposalOf } from '../propose-tool.ts';
import { resourceKind } from '../resource.ts';
import { uriOf } from '../uri.ts';

const URI = 'ferry://proposals/{id}';

/** What a caller has proposed, and what has become of it. */
export const proposal = resourceKind({
  name: 'proposal',
  title: 'Proposal',
  description:
    'A proposal of yours: what it would change, and once it was confirmed, how it gets on. Subscribe to follow it to its end.',
  mimeType: 'application/json',
  uri: URI,
  variables: z.strictObject({ id: z.string().regex(/^p-[0-9a-f]{1,32}$/, 'must be the id of a proposal') }),
  needs: [],
  beside: 'apply_proposal',
  read: ({ id }, { proposals, owner }) => Promise.resolve(told(proposals.get(id, owner))),
  list: ({ proposals, owner }) =>
    Promise.resolve(
      proposals.list(owner).map(({ proposal: { id, summary }, progress }) => ({
        variables: { id },
        title: `${progress.state}: ${summary}`,
      })),
    ),
  complete: {
    id: (_, { proposals, owner }) => Promise.resolve(proposals.list(owner).map(({ proposal: { id } }) => id)),
  },
  changes: {
    needs: [],
    follow: ({ proposals, signal }, tell) =>
      new Promise((resolve) => {
        const stop = proposals.onChange((id) => tell({ uri: uriOf(URI, { id }), list: true }));
        const end = (): void => {
          stop();
          resolve();
        };
        signal.addEventListener('abort', end, { once: true });
        if (signal.aborted) end();
      }),
  },
});

function told({ proposal: held, progress }: Held): object {
  // The hash comes with the proposal alone: who reads it elsewhere has perhaps not seen what it stands for.
  const { hash: _, ...rest } = proposalOf(held);
  const log = 'lines' in progress ? progress.lines.slice(-40) : [];
  return {
    ...rest,
    state: progress.state,
    log,
    ...(progress.state === 'done' && { exit: progress.done.exit, outcome: progress.done.summary }),
    ...(progress.state === 'failed' && { error: errorOf(progress.error) }),
  };
}

function errorOf(error: unknown): { code: string; message: string; hint: string } {
  const { code, message, hint } = explain(error);
  return { code, message, hint };
}
