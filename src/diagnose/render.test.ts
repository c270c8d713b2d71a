import { expect, test } from 'vitest';
import { vmsOf } from '../model/vm.ts';
import { diagnoseVm } from './diagnose.ts';
import { renderDiagnosis, renderMeaning } from './render.ts';
import { failingRows } from './testing/failing-rows.ts';
import { faultyRows } from './testing/faulty-rows.ts';
import { objectsOf } from './testing/migrations.ts';
import { dossierOf } from './testing/subjects.ts';
import { waitingRows } from './testing/waiting-rows.ts';
import { meaningsOf } from './text.ts';

// What a reader sees; the objects are those of the causes' table.

const rows = [...waitingRows, ...failingRows, ...faultyRows];

test.each([
  'queue/cluster-limit',
  'queue/quota',
  'queue/backoff',
  'target/unschedulable',
  'target/pod-network',
  'migration/completion-timeout',
  'migration/not-converging',
  'migration/bandwidth-limit',
  'migration/saturation',
  'migration/cancelled',
  'network/unreachable',
  'network/half-migration-network',
  'volume/destination-smaller',
])('%s', async (id) => {
  const [, , given] = rows.find((row) => row[0] === id)!;
  const dossier = dossierOf(objectsOf(given), given);
  const vm = vmsOf(dossier.snapshot).find(({ name }) => name === 'web')!;
  const diagnosis = diagnoseVm(dossier, vm);
  expect(diagnosis.cause?.cause).toBe(id);
  // Events have running numbers in these tests.
  const text = renderDiagnosis(diagnosis).replace(/(Event \S+?)\.\d+ /g, '$1.N ');
  await expect(text).toMatchFileSnapshot(`../../test/golden/diagnose/${id.replace('/', '-')}.txt`);
});

test.each([
  ['selected-node', 'The selected Node is unavailable'],
  ['mission-timeout', 'Migration exceeded timeout: 150 seconds per GiB'],
  ['mission-limit', 'Migration rejected: cluster migration limit reached (5 concurrent)'],
])('the text %s', async (name, text) => {
  const rendered = meaningsOf(text).map(renderMeaning).join('');
  await expect(rendered).toMatchFileSnapshot(`../../test/golden/diagnose/text-${name}.txt`);
});
