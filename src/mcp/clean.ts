import { WITHHELD } from '../model/withheld.ts';

// Control characters, direction marks and line separators, except the tab and the line feed.
const UNSEEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\u{e0000}-\u{e007f}]+/gu;

/** Credentials that people and programs write into logs, annotations and messages. */
const CREDENTIALS: [RegExp, string][] = [
  [/\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi, `$1 ${WITHHELD}`],
  [/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, WITHHELD],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, WITHHELD],
];

/** Text of a cluster without what a reader would not see, and without credentials; line feeds and tabs stay. */
export function cleanText(text: string): string {
  return CREDENTIALS.reduce((told, [pattern, instead]) => told.replace(pattern, instead), text.replace(UNSEEN, ' '));
}

/** Inline cloud-init and the like: they hold passwords and keys (KubeVirt API, CloudInitNoCloudSource). */
const SECRET_FIELDS = new Set(['userData', 'userDataBase64', 'networkDataBase64', 'password', 'token', 'bearerToken']);
const SECRET_ENV = /pass|token|secret|credential|api_?key|private_?key/i;
/** kubectl's copy of the whole object, with all that is withheld elsewhere. */
const COPY = 'kubectl.kubernetes.io/last-applied-configuration';

/** A value from the cluster as it may be told: cleaned, without credentials and without what only servers need. */
export function clean<T>(value: T): T {
  return cleaned(value) as T;
}

function cleaned(value: unknown): unknown {
  if (typeof value === 'string') return cleanText(value);
  if (Array.isArray(value)) return value.map(cleaned);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).filter(
    ([key, each]) => each !== undefined && key !== 'managedFields' && key !== COPY,
  );
  const isSecretEnv = 'name' in value && 'value' in value && SECRET_ENV.test(String(value.name));
  return Object.fromEntries(
    fields.map(([key, each]) => {
      const withheld = typeof each === 'string' && (SECRET_FIELDS.has(key) || (isSecretEnv && key === 'value'));
      return [cleanText(key), withheld ? WITHHELD : cleaned(each)];
    }),
  );
}
