import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { wordsIn } from './words.ts';

test('the words that a text uses are explained, sorted', () => {
  expect(wordsIn('virt-handler is not ready, and the node is cordoned\n')).toBe(
    `
Words:
  cordoned: closed for new pods and VMs (kubectl cordon); kubectl uncordon opens the node again
  virt-handler: KubeVirt's agent on every node: it carries migrations out
`,
  );
});

test('literal evidence explains itself', () => {
  expect(wordsIn('it runs\n    evidence: Pod vms/virt-handler-1 .status = "x"\n')).toBe('');
});

test('every part of KubeVirt that a text names is among them', () => {
  const texts = ['causes', 'checks-of-clusters', 'checks-of-vms']
    .map((name) => readFileSync(new URL(`../../test/golden/texts/${name}.txt`, import.meta.url), 'utf8'))
    .join('\n');
  const parts = new Set(texts.match(/\bvirt-(?:api|controller|handler|launcher)\b/g));
  expect(parts.size).toBe(4);
  for (const part of parts) expect(wordsIn(part)).not.toBe('');
});
