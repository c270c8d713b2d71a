import { FerryError } from '../../model/errors.ts';
import { parseArguments } from '../arguments.ts';
import type { Source } from '../resource.ts';
import type { Answer, Tool, ToolContext } from '../tool.ts';
import { answeredInTools } from '../tool-words.ts';

/** What tools work with, and which of them a reader has. */
interface Telling extends ToolContext {
  tools: ReadonlySet<string>;
}

/** What tools work with when a prompt runs them: all of them look at the same moment, and nobody is asked anything. */
export async function toolsContext(source: Source): Promise<Telling> {
  const { signal, allowed, proposals, owner, tools } = source;
  return {
    client: await source.client(),
    signal,
    allowed,
    writable: () => false,
    proposals,
    owner,
    tools,
    snapshots: new Map(),
    user: { canBeAsked: false, answer: () => undefined },
    progress: () => undefined,
  };
}

/** What a tool that reads tells. */
export async function told(tool: Tool, given: object, context: Telling): Promise<Answer<Record<string, unknown>>> {
  const parsed = parseArguments(tool.input, given, tool.instead);
  if (!parsed.ok) throw new FerryError('FERRY_E_USAGE', parsed.message, 'Correct the arguments of the prompt.');
  const answer = await tool.run(parsed.value, context);
  if ('about' in answer) throw new Error(`${tool.name} asks: it is no tool that only reads`);
  return answeredInTools(answer, context.tools);
}
