import { expect, test } from 'vitest';
import type { Cause } from '../src/diagnose/cause.ts';
import { causes } from '../src/diagnose/causes/index.ts';
import * as ofClusters from '../src/diagnose/testing/cluster-rows.ts';
import { failingRows } from '../src/diagnose/testing/failing-rows.ts';
import { faultyRows } from '../src/diagnose/testing/faulty-rows.ts';
import * as ofMigrations from '../src/diagnose/testing/migrations.ts';
import * as ofNodes from '../src/diagnose/testing/node-rows.ts';
import { ask, type Said } from '../src/diagnose/testing/subjects.ts';
import { vmMovesRows } from '../src/diagnose/testing/vm-moves-rows.ts';
import * as ofVms from '../src/diagnose/testing/vm-objects.ts';
import { vmStateRows } from '../src/diagnose/testing/vm-state-rows.ts';
import { waitingRows } from '../src/diagnose/testing/waiting-rows.ts';
import type { KubeObject } from '../src/model/objects.ts';

// Every text of the causes in one file, from the tables that also test them: a change of a text is seen in review.

interface Asked extends Said {
  of?: string;
}

/** What the rows' cases make their causes say. */
function textsOf<G extends Asked>(
  rows: readonly [id: string, message: RegExp, given: G, miss: G][],
  objectsOf: (given: G) => KubeObject[],
  subject: string,
): [id: string, text: string][] {
  return rows.map(([id, , given]) => {
    const of = given.of ?? subject;
    const cause = causes.find((each) => each.id === id) as Cause;
    const found = ask(cause, of, objectsOf(given), given);
    return [id, said(`${of.split('/')[0]}, ${found?.confidence}`, found?.message, found?.remedies)];
  });
}

function said(heading: string, message = '', remedies: readonly string[] = []): string {
  return [`  ${heading}: ${message}`, ...remedies.map((remedy, at) => `    ${at + 1}. ${remedy}`)].join('\n');
}

const told = [
  ...textsOf([...waitingRows, ...failingRows, ...faultyRows], ofMigrations.objectsOf, 'vmim/m'),
  ...textsOf([...vmMovesRows, ...vmStateRows], ofVms.objectsOf, 'vm/web'),
  ...textsOf(ofNodes.nodeRows, ofNodes.objectsOf, 'node/n1'),
  ...textsOf(ofClusters.clusterRows, ofClusters.objectsOf, 'cluster'),
];

test('every text of a cause', async () => {
  const file = causes
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    .map(({ id, title, meaning }) => {
      const own = told.filter(([of]) => of === id).map(([, text]) => text);
      const pasted = meaning === undefined ? [] : [said('a pasted text', meaning.message, meaning.remedies)];
      return [`${id}: ${title}`, ...new Set([...own, ...pasted])].join('\n');
    });
  await expect(`${file.join('\n\n')}\n`).toMatchFileSnapshot('golden/texts/causes.txt');
});

test('every cause says something', () => {
  const silent = causes.filter(({ id, meaning }) => meaning === undefined && told.every(([of]) => of !== id));
  expect(silent.map(({ id }) => id)).toEqual([]);
});
