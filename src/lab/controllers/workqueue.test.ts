import { beforeEach, describe, expect, test } from 'vitest';
import { small } from '../scenarios/small.ts';
import { type TestLab, testLab } from '../testing.ts';
import { type Requeue, workqueue } from './workqueue.ts';

let lab: TestLab;
let seen: { key: string; at: number }[];

beforeEach(() => {
  lab = testLab(small);
  seen = [];
});

function queue(answer: (key: string) => Requeue | undefined = () => undefined) {
  const start = lab.clock.now();
  return workqueue(lab, 'test', { from: 10, to: 20 }, (key) => {
    seen.push({ key, at: lab.clock.now() - start });
    return answer(key);
  });
}

describe('a work queue', () => {
  test('reconciles a key once, after its latency, however often it was added', () => {
    const q = queue();
    for (let count = 0; count < 5; count++) q.add('a');
    q.add('b');
    lab.clock.runUntilIdle();
    expect(seen.map(({ key }) => key).toSorted((a, b) => (a < b ? -1 : 1))).toEqual(['a', 'b']);
    expect(seen.every(({ at }) => at >= 10 && at <= 20)).toBe(true);
    q.add('a');
    lab.clock.runUntilIdle();
    expect(seen.length).toBe(3);
  });

  test('comes back when asked, and an earlier look cancels the later one', () => {
    const answers: (Requeue | undefined)[] = [{ afterMs: 1000 }, { afterMs: 500 }, undefined];
    const q = queue(() => answers.shift());
    q.add('a');
    lab.clock.advanceBy(100);
    q.add('a');
    lab.clock.runUntilIdle();
    expect(seen.length).toBe(3);
    expect(seen[2]!.at).toBeLessThan(700);
  });

  test('does not keep a lab at rest awake with background looks', () => {
    const q = queue(() => ({ afterMs: 5000, background: true }));
    q.add('a');
    lab.clock.runUntilIdle();
    expect(seen.length).toBe(1);
    lab.clock.advanceBy(5100);
    expect(seen.length).toBe(2);
  });

  test('records a fault and tries again', () => {
    const errors = [new Error('once')];
    const q = queue(() => {
      const error = errors.shift();
      if (error !== undefined) throw error;
      return undefined;
    });
    q.add('a');
    lab.clock.advanceBy(10_000);
    expect(seen.length).toBe(2);
    expect(lab.faults.map(({ message }) => message)).toEqual(['once']);
  });
});
