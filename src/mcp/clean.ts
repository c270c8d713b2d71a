import { WITHHELD } from '../model/withheld.ts';

// Control and format characters, direction marks, line separators, and what is drawn as nothing (among it variation
// selectors and tags, which can carry a hidden text); except the tab and the line feed.
const UNSEEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]+/gu;

/** Credentials that people and programs write into logs, annotations and messages. */
const CREDENTIALS: [RegExp, string][] = [
  [/\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi, `$1 ${WITHHELD}`],
  [
    /\b(pass(?:word|wd|phrase)|(?:client|api|access|secret)[_-]?(?:secret|key|token))(["']?\s*[:=]\s*)(["']?)(?!\(withheld)[^\s"',;&\\{}[\]]+\3/gi,
    `$1$2$3${WITHHELD}$3`,
  ],
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

/** No object of a cluster is deeper; what a caller sends may be, until the stack ends. */
const DEEPEST = 100;

/** Parts of objects, written down as YAML or JSON, that hold credentials under any name. */
const SECRET_DOCUMENT =
  /\bkind["']?\s*:\s*["']?Secret\b|\b(?:userData(?:Base64)?|networkDataBase64|stringData)["']?\s*:/;

/** A caller's arguments as they may be kept: of a document that holds credentials, its length alone. */
export function withoutSecrets(given: unknown): unknown {
  const kept = (value: unknown): unknown => {
    if (typeof value === 'string')
      return SECRET_DOCUMENT.test(value) ? `${WITHHELD}: ${value.length} characters` : value;
    if (Array.isArray(value)) return value.map(kept);
    if (typeof value !== 'object' || value === null) return value;
    const object = Object.entries(value);
    const isSecret = 'kind' in value && value.kind === 'Secret';
    return Object.fromEntries(
      object.map(([key, each]) => [key, isSecret && /^(?:data|stringData)$/.test(key) ? WITHHELD : kept(each)]),
    );
  };
  return kept(clean(given));
}

/** A value from the cluster as it may be told: cleaned, without credentials and without what only servers need. */
export function clean<T>(value: T): T {
  return cleaned(value, 0) as T;
}

function cleaned(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return cleanText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth > DEEPEST) return '…';
  if (Array.isArray(value)) return value.map((each) => cleaned(each, depth + 1));
  const fields = Object.entries(value).filter(
    ([key, each]) => each !== undefined && key !== 'managedFields' && key !== COPY,
  );
  const isSecretEnv = 'name' in value && 'value' in value && SECRET_ENV.test(String(value.name));
  return Object.fromEntries(
    fields.map(([key, each]) => {
      const withheld = typeof each === 'string' && (SECRET_FIELDS.has(key) || (isSecretEnv && key === 'value'));
      return [cleanText(key), withheld ? WITHHELD : cleaned(each, depth + 1)];
    }),
  );
}
