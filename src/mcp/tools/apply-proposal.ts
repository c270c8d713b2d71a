import { z } from 'zod';
import { FerryError } from '../../model/errors.ts';
import { plain } from '../../model/plain.ts';
import type { ObjectChange } from '../../propose/draft.ts';
import type { Held, Proposal } from '../../propose/store.ts';
import { fit } from '../budget.ts';
import { clean, cleanText } from '../clean.ts';
import { valueText } from '../propose-tool.ts';
import { type Answer, tool } from '../tool.ts';

const output = z.object({
  id: z.string(),
  state: z.enum(['running', 'done']),
  summary: z.string(),
  exit: z.int().optional().describe('0: done; 3: some; 4: failed, nothing lost; 5: needs attention.'),
  log: z.array(z.string()),
  details: z.record(z.string(), z.unknown()).optional(),
});

/** Lines of the log that are told. */
const LINES = 40;

export const applyProposal = tool({
  name: 'apply_proposal',
  title: 'Apply a proposal',
  description:
    'Carry out a proposal after the user has seen it and agreed. Checks that the cluster is still as it was. Waits for the end up to wait_seconds; what takes longer goes on: call again with the same id and hash to see how it gets on - it is never done twice.',
  toolset: 'migration',
  effect: 'apply',
  destructive: true,
  input: z.strictObject({
    id: z.string().max(40).describe('Of the proposal.'),
    hash: z.string().max(64).describe('Of the proposal: of what was shown.'),
    wait_seconds: z.int().min(0).max(100).default(60),
  }),
  output,
  instead: { proposal: 'use "id" and "hash"', proposal_id: 'use "id"', confirm: 'use "hash"' },
  needs: [],
  async run({ id, hash, wait_seconds }, { proposals, owner, user, signal, progress }) {
    const { proposal, progress: now, asked } = proposals.confirmable(id, hash, owner);
    if (now.state === 'open' && (user.canBeAsked || asked)) {
      const about = `${id} ${hash}`;
      const said = user.answer(about);
      if (said === undefined) {
        // Whoever could ask a moment ago does not get around the answer by saying that they can't.
        if (!user.canBeAsked) throw unanswered(id);
        proposals.ask(id, hash, owner);
        return { about, message: question(proposal) };
      }
      // The next call, without an answer, must not get what this one did not.
      if (said === 'no') proposals.refuse(id, hash, owner);
    }
    let last: string | undefined;
    const stop = proposals.onChange((changed) => {
      if (changed !== id) return;
      const { progress: state } = proposals.get(id, owner);
      const line = 'lines' in state ? state.lines.at(-1) : undefined;
      if (line !== undefined && line !== last) progress((last = line));
    });
    try {
      return told(await proposals.apply(id, hash, owner, { wait: wait_seconds * 1000, signal }));
    } finally {
      stop();
    }
  },
});

function unanswered(id: string): FerryError {
  return new FerryError(
    'FERRY_E_UNCONFIRMED',
    `the user was asked about proposal ${id} and has not answered; nothing was changed`,
    'Let them answer, or make a new proposal.',
  );
}

/** What a person can take in before they answer. */
const SEEN = 10;
const LINE = 300;

/** What is asked. Whatever a name or a message holds, it stays within its line. */
function question({ summary, objects, effect, findings }: Proposal): string {
  const warnings = findings
    .filter(({ severity }) => severity !== 'info')
    .map(({ severity, message }) => `${severity}: ${message}`);
  const count = `${objects.length} ${objects.length === 1 ? 'object' : 'objects'} would be changed:`;
  const sections = [objects.flatMap(changed), warnings, effect].flatMap((lines) => [
    ...lines.slice(0, SEEN),
    ...(lines.length > SEEN ? [`... and ${lines.length - SEEN} more`] : []),
  ]);
  return [summary, count, ...sections].map((line) => fit(plain(cleanText(line)), LINE)).join('\n');
}

/** `patch VirtualMachine shop/web: .spec.x: 1 -> 2`; a field a line, so that none is hidden by a long one. */
function changed({ verb, object: { kind, namespace, name }, subresource, fields }: ObjectChange): string[] {
  const what = `${verb} ${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
  if (fields.length === 0) return [subresource === undefined ? what : `${what} ${subresource}`];
  return fields.map(({ path, from, to }) => `${what}: ${path}: ${valueText(from)} -> ${valueText(to)}`);
}

function told({ proposal: { id }, progress }: Held): Answer<z.infer<typeof output>> {
  if (progress.state === 'failed') throw progress.error;
  const log = 'lines' in progress ? progress.lines.slice(-LINES) : [];
  const text = (head: string): string => [head, ...log.map((line) => `  ${line}`)].map(plain).join('\n');
  if (progress.state === 'done') {
    const { exit, summary } = progress.done;
    const details = fit(progress.done.details, 8000);
    return {
      structured: { id, state: 'done', summary, exit, log, details },
      text: `${text(`Proposal ${id}: ${summary} (exit ${exit})`)}\n  details: ${plain(JSON.stringify(clean(details)))}`,
      ...(exit !== 0 && { isError: true }),
    };
  }
  const summary = 'under way: call apply_proposal again with the same id and hash to see how it gets on';
  return { structured: { id, state: 'running', summary, log }, text: text(`Proposal ${id} is ${summary}.`) };
}
