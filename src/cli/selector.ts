import { FerryError } from '../model/errors.ts';

type Labels = Record<string, string>;
type Requirement = (labels: Labels) => boolean;

const key = String.raw`(?:[a-zA-Z0-9.-]+/)?[a-zA-Z0-9](?:[-\w.]*[a-zA-Z0-9])?`;
const value = String.raw`[-\w.]*`;
const forms: [RegExp, (match: string[]) => Requirement][] = [
  [
    new RegExp(`^(${key})\\s*(?:==|=)\\s*(${value})$`),
    ([, k = '', v = '']) =>
      (labels) =>
        labels[k] === v,
  ],
  [
    new RegExp(`^(${key})\\s*!=\\s*(${value})$`),
    ([, k = '', v = '']) =>
      (labels) =>
        labels[k] !== v,
  ],
  [
    new RegExp(`^(${key})\\s+(in|notin)\\s*\\(([^()]*)\\)$`),
    ([, k = '', operator, list = '']) => {
      const values = new Set(list.split(',').map((each) => each.trim()));
      return (labels) => (operator === 'in') === (labels[k] !== undefined && values.has(labels[k]));
    },
  ],
  [
    new RegExp(`^!\\s*(${key})$`),
    ([, k = '']) =>
      (labels) =>
        labels[k] === undefined,
  ],
  [
    new RegExp(`^(${key})$`),
    ([, k = '']) =>
      (labels) =>
        labels[k] !== undefined,
  ],
];

/** What kubectl's -l means (Kubernetes apimachinery, labels.Parse). Throws FERRY_E_USAGE. */
export function parseSelector(text: string): (labels: Labels) => boolean {
  // Commas separate requirements, but not inside parentheses.
  const parts = text.split(/,(?![^(]*\))/).map((part) => part.trim());
  const requirements = parts.map((part): Requirement => {
    for (const [form, build] of forms) {
      const match = form.exec(part);
      if (match !== null) return build(match);
    }
    throw new FerryError(
      'FERRY_E_USAGE',
      `'${text}' is not a label selector`,
      'Examples: app=web, app!=web, app in (web,db), app notin (web), app, !app; several separated by commas.',
    );
  });
  return (labels) => requirements.every((holds) => holds(labels));
}
