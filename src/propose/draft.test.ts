import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FerryError } from '../model/errors.ts';
import { contentHash, type Draft, requireSame } from './draft.ts';

const draft: Draft = {
  summary: 'Move VM shop/web live from worker-0 to worker-1.',
  objects: [
    {
      verb: 'create',
      apiVersion: 'kubevirt.io/v1',
      object: { kind: 'VirtualMachineInstanceMigration', namespace: 'shop', name: 'ferry-web-1' },
      fields: [{ path: '.spec.vmiName', from: null, to: 'web' }],
    },
  ],
  findings: [
    {
      check: 'vm/eviction-strategy',
      severity: 'warning',
      subject: { kind: 'VirtualMachine', namespace: 'shop', name: 'web' },
      message: 'since 3 minutes',
      evidence: [],
      remedy: '',
    },
  ],
  effect: ['about 8 s'],
  premises: { 'VM shop/web': { vmi: 'uid-1', node: 'worker-0' } },
};

const said = (now: Draft): string => {
  try {
    requireSame(draft, now);
    return 'the same';
  } catch (error) {
    return error instanceof FerryError ? `${error.code}: ${error.message}` : 'something else';
  }
};

describe('a confirmed draft', () => {
  test.each<[string, Draft, RegExp]>([
    ['is the same with another prediction', { ...draft, effect: ['about 9 s'] }, /^the same$/],
    [
      'is the same where a warning only says another figure',
      { ...draft, findings: draft.findings.map((each) => ({ ...each, message: 'since 4 minutes' })) },
      /^the same$/,
    ],
    [
      'is another once what it was decided on has changed, which is told',
      { ...draft, premises: { 'VM shop/web': { vmi: 'uid-1', node: 'worker-2' } } },
      /^FERRY_E_STALE: .*VM shop\/web was .*worker-0.* is .*worker-2/,
    ],
    [
      'is another with one more warning',
      {
        ...draft,
        findings: [...draft.findings, { ...(draft.findings[0] as never as object), check: 'quota/x' } as never],
      },
      /^FERRY_E_STALE: .*quota\/x on web was absent, is "?found/,
    ],
    ['is another with other objects', { ...draft, objects: [] }, /^FERRY_E_STALE: .*was planned, is absent/],
    ['is another with another summary', { ...draft, summary: 'x' }, /^FERRY_E_STALE/],
  ])('%s', (_, now, expected) => expect(said(now)).toMatch(expected));
});

const value = fc.jsonValue({ maxDepth: 2 });

test('the hash does not hang on the order of fields, and changes with every value that counts', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), value), fc.string(), value, (premises, key, other) => {
      const turned = Object.fromEntries(Object.entries(premises).reverse());
      expect(contentHash({ ...draft, premises: turned })).toBe(contentHash({ ...draft, premises }));
      const changed = { ...premises, [key]: other };
      const same = JSON.stringify(premises[key] ?? null) === JSON.stringify(other) && Object.hasOwn(premises, key);
      if (!same) expect(contentHash({ ...draft, premises: changed })).not.toBe(contentHash({ ...draft, premises }));
    }),
  );
});
