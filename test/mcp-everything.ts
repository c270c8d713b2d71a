import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import {
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  completable,
  createRequestStateCodec,
  type InputRequests,
  inputRequired,
  McpServer,
  type McpServerFactory,
  ResourceTemplate,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { z } from 'zod';

// The tools, resources and prompts that the official conformance suite expects of a server under test, in its words.
// Only what stands between them and the suite is ours: src/mcp/http.ts.

/** A red pixel. */
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
/** A sound of no length. */
const WAV = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=';

const none = z.object({});
const text = (said: string) => ({ content: [{ type: 'text' as const, text: said }] });
const image = { type: 'image' as const, data: PNG, mimeType: 'image/png' };
const user = <T>(content: T) => ({ role: 'user' as const, content });
const state = createRequestStateCodec<{ step: number }>({ key: randomBytes(32) });

const elicit = (message: string, fields: Record<string, { type: 'string' } | { type: 'boolean' }>) =>
  inputRequired.elicit({
    message,
    requestedSchema: { type: 'object', properties: fields, required: Object.keys(fields) },
  });
const askName = () => elicit('What is your name?', { name: { type: 'string' } });
const sample = (question: string, maxTokens: number) =>
  inputRequired.createMessage({ messages: [user({ type: 'text', text: question })], maxTokens });

/** What the client answered, whatever it is; undefined: nothing to that. */
function given(context: ServerContext, key: string): { content?: Record<string, unknown> } | undefined {
  const answer = context.mcpReq.inputResponses?.[key];
  return typeof answer === 'object' && answer !== null ? answer : undefined;
}

export const everything: McpServerFactory = ({ era }) => {
  const server = new McpServer(
    { name: 'everything', version: '0' },
    {
      capabilities: {
        tools: {},
        resources: { subscribe: true },
        prompts: {},
        completions: {},
        ...(era === 'legacy' && { logging: {} }),
      },
      cacheHints: {
        'tools/list': { ttlMs: 1000 },
        'resources/list': { ttlMs: 1000 },
        'resources/templates/list': { ttlMs: 1000 },
        'prompts/list': { ttlMs: 1000 },
        'resources/read': { ttlMs: 1000 },
      },
      requestState: { verify: (sealed, context) => state.verify(sealed, context) },
    },
  );
  contentTools(server);
  askingTools(server);
  inputRequiredTools(server);
  resources(server, era);
  prompts(server);
  return server;
};

function contentTools(server: McpServer): void {
  const plain = (name: string, answer: () => object) =>
    server.registerTool(name, { description: name, inputSchema: none }, () => answer() as ReturnType<typeof text>);
  plain('test_simple_text', () => text('This is a simple text response for testing.'));
  plain('test_image_content', () => ({ content: [image] }));
  plain('test_audio_content', () => ({ content: [{ type: 'audio', data: WAV, mimeType: 'audio/wav' }] }));
  const embedded = { uri: 'test://embedded-resource', mimeType: 'text/plain' };
  plain('test_embedded_resource', () => ({
    content: [{ type: 'resource', resource: { ...embedded, text: 'This is an embedded resource content.' } }],
  }));
  const mixed = { uri: 'test://mixed-content-resource', mimeType: 'application/json' };
  plain('test_multiple_content_types', () => ({
    content: [
      { type: 'text', text: 'Multiple content types test:' },
      image,
      { type: 'resource', resource: { ...mixed, text: '{"test":"data","value":123}' } },
    ],
  }));
  plain('test_error_handling', () => {
    throw new Error('This tool intentionally returns an error for testing');
  });
  server.registerTool('test_tool_with_logging', { description: 'logs', inputSchema: none }, async (_, { mcpReq }) => {
    for (const line of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
      await mcpReq.log('info', line);
      await pause(50);
    }
    return text('logged');
  });
  server.registerTool(
    'test_tool_with_progress',
    { description: 'for the suite', inputSchema: none },
    async (_, { mcpReq }) => {
      const progressToken = mcpReq._meta?.progressToken;
      for (const progress of [0, 50, 100]) {
        if (progressToken !== undefined)
          await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, total: 100 } });
        await pause(50);
      }
      return text('done');
    },
  );
}

/** Of protocol 2025-11-25: they ask in the middle of the call. */
function askingTools(server: McpServer): void {
  server.registerTool(
    'test_sampling',
    { description: 'for the suite', inputSchema: z.object({ prompt: z.string() }) },
    async ({ prompt }, context) => {
      const messages = [user({ type: 'text' as const, text: prompt })];
      const { content } = await context.mcpReq.requestSampling({ messages, maxTokens: 100 });
      return text(`LLM response: ${JSON.stringify(content)}`);
    },
  );
  const ask = (name: string, properties: object, input = none, required: string[] = []) =>
    server.registerTool(name, { description: 'for the suite', inputSchema: input }, async (args, context) => {
      const { message = name } = args as { message?: string };
      // The forms that the suite wants, older ones among them, are more than the SDK's types allow.
      const requestedSchema = { type: 'object', properties, required } as never;
      const { action, content } = await context.mcpReq.elicitInput({ message, requestedSchema });
      return text(`Elicitation completed: action=${action}, content=${JSON.stringify(content)}`);
    });
  const line = { type: 'string', description: 'text' };
  ask('test_elicitation', { username: line, email: line }, z.object({ message: z.string() }), ['username', 'email']);
  ask('test_elicitation_sep1034_defaults', {
    name: { type: 'string', default: 'John Doe' },
    age: { type: 'integer', default: 30 },
    score: { type: 'number', default: 95.5 },
    status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
    verified: { type: 'boolean', default: true },
  });
  const titled = [1, 2, 3].map((n) => ({ const: `value${n}`, title: `${['First', 'Second', 'Third'][n - 1]} Option` }));
  const options = ['option1', 'option2', 'option3'];
  ask('test_elicitation_sep1330_enums', {
    untitledSingle: { type: 'string', enum: options },
    titledSingle: { type: 'string', oneOf: titled },
    legacyEnum: { type: 'string', enum: ['opt1', 'opt2'], enumNames: ['Option One', 'Option Two'] },
    untitledMulti: { type: 'array', items: { type: 'string', enum: options } },
    titledMulti: { type: 'array', items: { anyOf: titled } },
  });
}

/** Of protocol 2026-07-28: they answer with a question, and are called again. */
function inputRequiredTools(server: McpServer): void {
  const asking = (name: string, inputRequests: () => InputRequests, done: (context: ServerContext) => string) =>
    server.registerTool(name, { description: 'for the suite', inputSchema: none }, (_, context) => {
      const requests = inputRequests();
      const isAnswered = Object.keys(requests).every((key) => given(context, key) !== undefined);
      return isAnswered ? text(done(context)) : inputRequired({ inputRequests: requests });
    });
  server.registerTool(
    'test_input_required_result_elicitation',
    { description: 'for the suite', inputSchema: none },
    (_, context) => {
      const name = given(context, 'user_name')?.content?.['name'];
      if (typeof name === 'string') return text(`Hello, ${name}!`);
      return inputRequired({ inputRequests: { user_name: askName() } });
    },
  );
  asking(
    'test_input_required_result_sampling',
    () => ({ capital_question: sample('What is the capital of France?', 100) }),
    (context) => JSON.stringify(given(context, 'capital_question')),
  );
  asking(
    'test_input_required_result_list_roots',
    () => ({ client_roots: inputRequired.listRoots() }),
    (context) => JSON.stringify(given(context, 'client_roots')),
  );
  const confirm = () => ({ confirm: elicit('Please confirm', { ok: { type: 'boolean' } }) });
  const sealed = (name: string, requests: () => InputRequests) =>
    server.registerTool(name, { description: 'for the suite', inputSchema: none }, async (_, context) => {
      const seen = context.mcpReq.requestState<{ step: number }>();
      if (typeof seen === 'object' && seen?.step === 1) return text('state-ok');
      return inputRequired({ inputRequests: requests(), requestState: await state.mint({ step: 1 }) });
    });
  sealed('test_input_required_result_request_state', confirm);
  sealed('test_input_required_result_tampered_state', confirm);
  sealed('test_input_required_result_multiple_inputs', () => ({
    user_name: askName(),
    greeting: sample('Generate a greeting', 50),
    client_roots: inputRequired.listRoots(),
  }));
  server.registerTool(
    'test_input_required_result_multi_round',
    { description: 'for the suite', inputSchema: none },
    async (_, context) => {
      const seen = context.mcpReq.requestState<{ step: number }>();
      const step = typeof seen === 'object' ? (seen?.step ?? 0) : 0;
      if (step === 2) return text('done');
      const inputRequests: InputRequests =
        step === 1
          ? { step2: elicit('Step 2: What is your favorite color?', { color: { type: 'string' } }) }
          : { step1: elicit('Step 1: What is your name?', { name: { type: 'string' } }) };
      return inputRequired({ inputRequests, requestState: await state.mint({ step: step + 1 }) });
    },
  );
  const capabilities = ({ mcpReq }: ServerContext): ClientCapabilities => {
    const envelope: Record<string, ClientCapabilities> = { ...mcpReq.envelope };
    return envelope[CLIENT_CAPABILITIES_META_KEY] ?? {};
  };
  server.registerTool(
    'test_input_required_result_capabilities',
    { description: 'for the suite', inputSchema: none },
    (_, context) => {
      const { sampling, elicitation } = capabilities(context);
      return inputRequired({
        inputRequests: {
          ...(sampling !== undefined && { question: sample('What is the capital of France?', 100) }),
          ...(elicitation !== undefined && { user_name: askName() }),
        },
      });
    },
  );
  // That the client can't be asked that is for the SDK to notice.
  asking(
    'test_missing_capability',
    () => ({ question: sample('Can you?', 100) }),
    () => 'it can',
  );
  asking(
    'test_streaming_elicitation',
    () => ({ user_name: askName() }),
    () => 'asked',
  );
  server.registerTool(
    'test_logging_tool',
    { description: 'for the suite', inputSchema: none },
    async (_, { mcpReq }) => {
      await mcpReq.log('info', 'nobody asked for this');
      return text('logged');
    },
  );
}

function resources(server: McpServer, era: 'legacy' | 'modern'): void {
  const add = (name: string, mimeType: string, content: { text: string } | { blob: string }) =>
    server.registerResource(name, `test://${name}`, { mimeType, description: name }, ({ href }) => ({
      contents: [{ uri: href, mimeType, ...content }],
    }));
  add('static-text', 'text/plain', { text: 'This is the content of the static text resource.' });
  add('static-binary', 'image/png', { blob: PNG });
  add('watched-resource', 'text/plain', { text: 'watched' });
  const template = new ResourceTemplate('test://template/{id}/data', { list: undefined });
  server.registerResource('template', template, { mimeType: 'application/json' }, ({ href }, { id }) => ({
    contents: [
      {
        uri: href,
        mimeType: 'application/json',
        text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${String(id)}` }),
      },
    ],
  }));
  if (era === 'modern') return;
  server.server.setRequestHandler('resources/subscribe', () => ({}));
  server.server.setRequestHandler('resources/unsubscribe', () => ({}));
}

function prompts(server: McpServer): void {
  const say = (said: string) => user({ type: 'text' as const, text: said });
  const describe = (name: string) => ({ title: name, description: name });
  server.registerPrompt('test_simple_prompt', describe('simple'), () => ({
    messages: [say('This is a simple prompt for testing.')],
  }));
  const word = () => completable(z.string(), () => ['paris', 'park', 'party']);
  server.registerPrompt(
    'test_prompt_with_arguments',
    { ...describe('arguments'), argsSchema: z.object({ arg1: word(), arg2: z.string() }) },
    ({ arg1, arg2 }) => ({ messages: [say(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)] }),
  );
  server.registerPrompt(
    'test_prompt_with_embedded_resource',
    { ...describe('resource'), argsSchema: z.object({ resourceUri: z.string() }) },
    ({ resourceUri: uri }) => {
      const resource = { uri, mimeType: 'text/plain', text: 'Embedded resource content for testing.' };
      return {
        messages: [user({ type: 'resource' as const, resource }), say('Please process the embedded resource above.')],
      };
    },
  );
  server.registerPrompt('test_prompt_with_image', describe('image'), () => ({
    messages: [user(image), say('Please analyze the image above.')],
  }));
  server.registerPrompt('test_input_required_result_prompt', describe('asks'), (context) => {
    const told = given(context, 'user_context')?.content?.['context'];
    if (typeof told === 'string') return { messages: [say(told)] };
    const user_context = elicit('What context should the prompt use?', { context: { type: 'string' } });
    return inputRequired({ inputRequests: { user_context } });
  });
}
