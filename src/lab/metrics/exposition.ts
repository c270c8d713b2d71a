/** One metric: what its HELP and TYPE lines say, and which KubeVirt minor versions have it. */
export interface Definition {
  type: 'gauge' | 'counter' | 'histogram';
  help: string;
  /** First and last minor version of KubeVirt 1.x that has it; without them: all. */
  since?: number;
  until?: number;
  /** Its value is a point in time, seconds since the epoch. */
  time?: boolean;
  /** A counter of what happened, or a size that is one in name only: nobody asks for it by the second. */
  absolute?: boolean;
}

/** How lab time is told to who reads the metrics. */
export interface Reading {
  /** Of a counter's growth, what is told: 1, or 1 / speed so that a rate per second of the reader's clock is one of the lab's. */
  counters: number;
  /** A moment of lab time (ms since the epoch) as the reader's clock has it. */
  time(ms: number): number;
}

export const LAB_TIME: Reading = { counters: 1, time: (ms) => ms };

export type Labels = Readonly<Record<string, string | undefined>>;

/** Takes samples; which of them are told depends on the version. */
export interface Page {
  /** Label pairs as they stand between the braces. Empty values are left out: to Prometheus an empty label is none. */
  labels(labels: Labels): string;
  /** `labels` is what `labels()` gave; `at`, an explicit timestamp in ms of lab time. */
  add(name: string, labels: string, value: number, at?: number): void;
}

/** Writes samples of a part of what is to be told: one object's, or one target's. */
export type Batch = (page: Page) => void;

/** What a page is about: metrics' definitions, the minor version that decides which exist, and how time is told. */
export interface Edition {
  definitions: Readonly<Record<string, Definition>>;
  minor: number;
  reading: Reading;
}

/**
 * Metrics in Prometheus's text format (0.0.4), in pieces: each batch's samples follow each other by metric, and HELP and
 * TYPE stand before a metric's first sample. `extra` labels are added where a sample has no label of that name, as
 * Prometheus adds a target's with `honor_labels`. `told` is what has been introduced already, on the page before this.
 */
export function* exposition(
  edition: Edition,
  batches: Iterable<Batch>,
  extra: Labels = {},
  told = new Set<string>(),
): Generator<string> {
  for (const batch of batches) yield* textOf(edition, batch, told, extra);
}

/** Objects told in one go; between such parts others are served. */
const PART = 200;

/** Batches of many objects. */
export function* parts<T>(objects: readonly T[], write: (page: Page, object: T) => void): Generator<Batch> {
  for (let from = 0; from < objects.length; from += PART) {
    const part = objects.slice(from, from + PART);
    yield (page) => {
      for (const object of part) write(page, object);
    };
  }
}

function textOf(edition: Edition, batch: Batch, told: Set<string>, extra: Labels): string[] {
  const { definitions, minor, reading } = edition;
  const families = new Map<string, Family | undefined>();
  const bare = pairs(extra);
  const familyOf = (name: string): Family | undefined => {
    if (families.has(name)) return families.get(name);
    const found = definitions[name];
    if (found === undefined) throw new Error(`no metric ${name} is defined`);
    const exists = minor >= (found.since ?? 0) && minor <= (found.until ?? Infinity);
    const family = exists ? { definition: found, text: '' } : undefined;
    families.set(name, family);
    return family;
  };
  batch({
    labels: (labels) => pairs({ ...extra, ...labels }),
    add: (name, labels, value, at) => {
      const family = familyOf(histogramOf(name, definitions));
      if (family === undefined) return;
      const { type, time, absolute } = family.definition;
      // An unknown point in time is told as 0 or below, on every clock.
      const clocked = time === true && value > 0 ? reading.time(value * 1000) / 1000 : value;
      const shown = type === 'counter' && time !== true && absolute !== true ? clocked * reading.counters : clocked;
      const stamp = at === undefined ? '' : ` ${Math.round(reading.time(at))}`;
      const all = labels === '' ? bare : labels;
      family.text += `${name}${all === '' ? '' : `{${all}}`} ${number(shown)}${stamp}\n`;
    },
  });
  return [...families].flatMap(([name, family]) => {
    if (family === undefined || family.text === '') return [];
    if (told.has(name)) return [family.text];
    told.add(name);
    const { type, help } = family.definition;
    return [
      `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`,
      family.text,
    ];
  });
}

interface Family {
  definition: Definition;
  text: string;
}

/** The metric a sample belongs to: a histogram's samples have names of their own. */
function histogramOf(name: string, definitions: Edition['definitions']): string {
  if (Object.hasOwn(definitions, name)) return name;
  return name.replace(/_(bucket|sum|count)$/, '');
}

/** Label pairs to be put behind those that `labels()` gave. */
export function pairs(labels: Labels): string {
  let text = '';
  for (const name in labels) {
    const value = labels[name];
    if (value === undefined || value === '') continue;
    text += `${text === '' ? '' : ','}${name}="${escaped(value)}"`;
  }
  return text;
}

function escaped(value: string): string {
  return /["\\\n]/.test(value) ? value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n') : value;
}

function number(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}
