import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { answeredInTools, inTools } from './tool-words.ts';
import { tools } from './tools/index.ts';

const served = new Set(tools.map(({ name }) => name));

test.each([
  [
    'Move it: ferry move web -n shop. A migration',
    'Move it: vm_migration_move with name=web, namespace=shop. A migration',
  ],
  ['ferry move -n shop web-1.', 'vm_migration_move with name=web-1, namespace=shop.'],
  ['ferry move VM --to NODE.', 'vm_migration_move with name=VM, target=NODE.'],
  ['ferry move VM --dry-run=server says', 'vm_migration_move with name=VM says'],
  ['ferry move moves one at a time', 'vm_migration_move moves one at a time'],
  ['ferry cancel, then ferry move VM', 'vm_migration_cancel, then vm_migration_move with name=VM'],
  ['ferry cancel vmim/m-1 -n shop.', 'vm_migration_cancel with name=m-1, namespace=shop.'],
  ['`ferry diagnose node/worker-1.example`.', '`vm_migration_diagnose with about=node, name=worker-1.example`.'],
  ['ferry diagnose vmim/NAME tells', 'vm_migration_diagnose with about=migration, name=NAME tells'],
  ['ferry diagnose cluster.', 'vm_migration_diagnose with about=cluster.'],
  ['ferry diagnose m-1 -n shop. No', 'vm_migration_diagnose with name=m-1, namespace=shop. No'],
  ['See ferry check -n shop web --explain for', 'See vm_migration_check with name=web, namespace=shop for'],
  ['ferry check tells for each', 'vm_migration_check tells for each'],
  ['`ferry check -A` says', '`vm_migration_check` says'],
  ['ferry settings set progressTimeout=N: each', 'migration_settings_change with set={"progressTimeout": N}: each'],
  ['ferry settings set network-.', 'migration_settings_change with set={"network": null}.'],
  ['(ferry settings set KEY=VALUE)', '(migration_settings_change with set={"KEY": VALUE})'],
  ['`ferry network plan --interface NIC`.', '`migration_network with action=plan`.'],
  ['ferry moves VMs', 'ferry moves VMs'],
])('%s', (text, told) => {
  expect(inTools(text, served)).toBe(told);
});

test('a command whose tool is not served stays, for the person in front', () => {
  expect(inTools('ferry move VM, or ferry check VM', new Set(['vm_migration_check']))).toBe(
    'ferry move VM, or vm_migration_check with name=VM',
  );
});

test('remedies are told with tools in structure and text alike, and nothing else is touched', () => {
  const remedy = 'Ask again: ferry move web -n shop.';
  const message = 'somebody wrote: ferry move web -n shop';
  const structured = { findings: [{ remedy, message }], cause: { remedies: [remedy] } };
  const answer = { structured, text: `warning: ${message}\n  ${remedy}` };
  const told = answeredInTools(answer, served);
  const now = 'Ask again: vm_migration_move with name=web, namespace=shop.';
  expect(told.structured).toEqual({ findings: [{ remedy: now, message }], cause: { remedies: [now] } });
  expect(told.text).toBe(`warning: ${message}\n  ${now}`);
});

describe.each(['causes', 'checks-of-vms', 'checks-of-clusters'])('of all remedies of %s', (file) => {
  test('none leaves an agent with a command, but where there is no tool for it', () => {
    const all = readFileSync(`test/golden/texts/${file}.txt`, 'utf8');
    const left =
      inTools(all, served).match(/\bferry (?:check|diagnose|move|cancel|settings|network)\b[^\n]{0,30}/g) ?? [];
    expect(left.filter((each) => !each.startsWith('ferry check node/'))).toEqual([]);
    expect(all).toMatch(/\bferry (?:diagnose|move|check)\b/);
  });
});
