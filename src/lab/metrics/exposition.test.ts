import { describe, expect, test } from 'vitest';
import { type Batch, type Definition, type Edition, exposition, LAB_TIME, pairs } from './exposition.ts';
import { kubevirtDefinitions } from './kubevirt-definitions.ts';
import { kubevirtRules } from './rules.ts';

const definitions: Record<string, Definition> = {
  old_bytes: { type: 'gauge', help: 'Old.', until: 6 },
  new_bytes: { type: 'gauge', help: 'A \\ and\na line.', since: 7 },
  work_total: { type: 'counter', help: 'Work.' },
  size_total: { type: 'counter', help: 'Size.', absolute: true },
  done_seconds: { type: 'gauge', help: 'When.', time: true },
  took_seconds: { type: 'histogram', help: 'How long.' },
};

function text(batches: Batch[], edition: Partial<Edition> = {}, extra = {}): string {
  return [...exposition({ definitions, minor: 6, reading: LAB_TIME, ...edition }, batches, extra)].join('');
}

describe('the text format', () => {
  test('introduces each metric once, and escapes labels and help', () => {
    const batch: Batch = (page) =>
      page.add('new_bytes', page.labels({ name: 'a "b" \\ \n', none: '', no: undefined }), 1e21);
    expect(text([batch, batch], { minor: 9 })).toBe(
      '# HELP new_bytes A \\\\ and\\na line.\n# TYPE new_bytes gauge\n' +
        'new_bytes{name="a \\"b\\" \\\\ \\n"} 1e+21\n'.repeat(2),
    );
  });

  test('leaves out what the version does not have, and refuses what nobody has defined', () => {
    const batch: Batch = (page) => {
      page.add('old_bytes', '', 1);
      page.add('new_bytes', '', 1);
    };
    expect(text([batch], { minor: 6 })).toContain('old_bytes 1');
    expect(text([batch], { minor: 6 })).not.toContain('new_bytes');
    expect(text([batch], { minor: 7 })).not.toContain('old_bytes');
    expect(() => text([(page) => page.add('unknown', '', 1)])).toThrow('no metric unknown is defined');
  });

  test('adds a target’s labels unless the sample has its own', () => {
    const batch: Batch = (page) => {
      page.add('old_bytes', `${page.labels({ namespace: 'shop' })},${pairs({ disk: 'a' })}`, 1);
      page.add('work_total', '', 2);
    };
    const all = text([batch], {}, { namespace: 'openshift-cnv', pod: 'p' });
    expect(all).toContain('old_bytes{namespace="shop",pod="p",disk="a"} 1');
    expect(all).toContain('work_total{namespace="openshift-cnv",pod="p"} 2');
  });

  test('tells counters and moments in the reader’s time', () => {
    const batch: Batch = (page) => {
      page.add('work_total', '', 50);
      page.add('size_total', '', 50);
      page.add('old_bytes', '', 50, 20_000);
      page.add('done_seconds', '', 20);
      page.add('done_seconds', 'never="yes"', 0);
      page.add('took_seconds_sum', '', 50);
    };
    const reading = { counters: 1 / 10, time: (ms: number) => 1_000_000 + ms / 10 };
    const lines = text([batch], { reading }).split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        'work_total 5',
        'size_total 50',
        'old_bytes 50 1002000',
        'done_seconds 1002',
        'done_seconds{never="yes"} 0',
        'took_seconds_sum 50',
      ]),
    );
  });

  test.each([
    [NaN, 'NaN'],
    [Infinity, '+Inf'],
    [-Infinity, '-Inf'],
    [0.1, '0.1'],
  ])('writes %s as %s', (value, written) => {
    expect(text([(page) => page.add('work_total', '', value)])).toContain(`work_total ${written}\n`);
  });
});

describe('what exists by version', () => {
  const has = (name: string, minor: number): boolean => {
    const { since = 0, until = Infinity } = kubevirtDefinitions[name]!;
    return minor >= since && minor <= until;
  };

  test.each([
    // facts/kubevirt.md G1
    ['kubevirt_vmi_migration_disk_transfer_rate_bytes', [3, 4, 5, 6]],
    ['kubevirt_vmi_migration_memory_transfer_rate_bytes', [7, 8, 9]],
    ['kubevirt_vmi_migration_data_total_bytes', [5, 6, 7]],
    ['kubevirt_vmi_migration_data_bytes_total', [8, 9]],
    ['kubevirt_vmi_migration_start_time_seconds', [4, 5, 6, 7, 8, 9]],
    ['kubevirt_vmi_migrations_in_unset_phase', [4, 5, 6, 7, 8, 9]],
    ['kubevirt_vmi_dirty_rate_bytes_per_second', [6, 7, 8, 9]],
    ['kubevirt_vmi_migration_data_processed_bytes', [3, 4, 5, 6, 7, 8, 9]],
  ])('%s is there in 1.%j', (name, minors) => {
    expect([3, 4, 5, 6, 7, 8, 9].filter((minor) => has(name, minor))).toEqual(minors);
  });

  test('each version has each alert and each recorded name once, and records what its alerts read', () => {
    for (const minor of [3, 4, 5, 6, 7, 8, 9]) {
      const rules = kubevirtRules(minor, 1).groups.flatMap((group) => group.rules);
      const names = rules.map(({ record, alert }) => record ?? alert);
      expect(new Set(names).size, `1.${minor}`).toBe(names.length);
      for (const { expr } of rules) {
        for (const [read] of expr.matchAll(/\b(?:cluster|vmi|node|pod_container|instance):[\w:]+/g)) {
          expect(names, `1.${minor}: ${expr}`).toContain(read);
        }
        for (const [read] of expr.matchAll(/(?<![:\w])kubevirt_\w+(?![:\w])/g)) {
          const served = kubevirtDefinitions[read] !== undefined && has(read, minor);
          expect(served || names.includes(read) || read.startsWith('kubevirt_hco_'), `1.${minor}: ${read}`).toBe(true);
        }
      }
    }
  });

  test('the rules of a fast lab are as short as its time', () => {
    const find = (speed: number, name: string) =>
      kubevirtRules(6, speed)
        .groups.flatMap(({ rules }) => rules)
        .find(({ alert, record }) => (alert ?? record) === name)!;
    expect(find(1, 'VMCannotBeEvicted').for).toBe('1m');
    expect(find(10, 'VMCannotBeEvicted').for).toBe('6000ms');
    expect(find(1, 'instance:node_cpu:rate:sum').expr).toContain('[3m]');
    expect(find(10, 'instance:node_cpu:rate:sum').expr).toContain('[18000ms]');
    expect(find(1000, 'instance:node_cpu:rate:sum').expr).toContain('[5000ms]');
  });
});
