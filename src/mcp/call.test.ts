import { expect, test } from 'vitest';
import { call } from './call.ts';
import { READ, WRITE } from './identity.ts';
import { testCaller, testService } from './testing/service.ts';
import { changes } from './tool.ts';
import { tools } from './tools/index.ts';

const writing = tools.filter(changes);

test('there are tools that change something', () => {
  expect(writing.map(({ name }) => name)).toContain('apply_proposal');
});

test.each(writing.map((tool) => [tool.name, tool] as const))('%s is not run for who may only read', async (_, tool) => {
  const asked: string[] = [];
  const service = testService(() => Promise.reject(new Error('the cluster was asked')));
  const audit = { write: ({ subject, outcome }: { subject: string; outcome: string }) => asked.push(subject, outcome) };
  const scopes = [READ, `${WRITE}r`];
  const caller = { ...testCaller(), identity: { subject: 'reader', scopes } };
  const result = await call(tool, {}, { ...service, audit: () => Promise.resolve(audit) }, caller);
  expect(JSON.stringify(result)).toContain('lacks the scope ferry:write');
  expect(asked).toEqual(['reader', 'invalid']);
});
