import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { missingEvents } from './fidelity/differences.ts';
import { flows, moreFlows, seenInLab } from './fidelity/flows.ts';
import { hasRecording, recorded } from './fidelity/recording.ts';
import { courses, eventKinds } from './fidelity/signature.ts';

// The recorded streams as a whole: the course of every migration, every kind of event. The excerpt beside the tests
// holds each course once, with the names of the migrations that took it.

interface Excerpt {
  courses: { migrations: string[]; course: string[] }[];
  events: string[];
}

const fixture = join(import.meta.dirname, 'fixtures/recordings/streams.json');
const excerpt = JSON.parse(readFileSync(fixture, 'utf8')) as Excerpt;
const lab = Object.entries({ ...flows, ...moreFlows }).map(([name, flow]) => ({ name, seen: seenInLab(flow).seen }));

describe('every recorded migration took a course that the lab’s take', () => {
  const taken = new Set(lab.flatMap(({ seen }) => Object.values(courses(seen)).map((course) => course.join('\n'))));

  test.each(excerpt.courses)('$migrations', ({ course }) => {
    expect([...taken]).toContain(course.join('\n'));
  });

  test('and the lab’s take no other', () => {
    const known = excerpt.courses.map(({ course }) => course.join('\n'));
    for (const course of taken) expect(known).toContain(course);
  });
});

describe('events are those that were recorded', () => {
  const said = [...new Set(lab.flatMap(({ seen }) => eventKinds(seen)))].sort();
  const recordedOnly = excerpt.events.filter((event) => !said.includes(event));
  const labOnly = said.filter((event) => !excerpt.events.includes(event));

  test('in both, but for the listed ones', () => {
    const listed = (event: string): boolean => missingEvents.some(({ event: pattern }) => pattern.test(event));
    expect([...recordedOnly, ...labOnly].filter((event) => !listed(event))).toEqual([]);
  });

  test.each(missingEvents.map(({ reason, event }) => [reason, event] as const))('there still is: %s', (_, event) => {
    expect([...recordedOnly, ...labOnly].some((each) => event.test(each))).toBe(true);
  });
});

describe.skipIf(!hasRecording)('the excerpt of the streams', () => {
  test('is what the recording holds', () => {
    const all = recorded();
    const byCourse = new Map<string, string[]>();
    for (const [name, course] of Object.entries(courses(all))) {
      const key = course.join('\n');
      byCourse.set(key, [...(byCourse.get(key) ?? []), name]);
    }
    const found = [...byCourse].map(([course, migrations]) => ({ migrations, course: course.split('\n') }));
    expect(excerpt).toEqual({ courses: found, events: eventKinds(all) });
  });
});
