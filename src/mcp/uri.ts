/** A variable of a template: `{name}`; one that is written `{+id}` may hold slashes (RFC 6570, level 2). */
const VARIABLE = /\{(\+?)([A-Za-z]+)\}/g;

/** Longer ones are nobody's. */
const LONGEST = 1000;

/** The variables of a template, in order. */
export function variablesOf(template: string): string[] {
  return [...template.matchAll(VARIABLE)].map(([, , name = '']) => name);
}

/** Reads the variables from a URI; undefined where it is not of the template, or is not encoded as it should be. */
export function parseUri(template: string, uri: string): Record<string, string> | undefined {
  if (uri.length > LONGEST) return undefined;
  const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  let pattern = '';
  let end = 0;
  for (const { 0: whole, 1: plus, index } of template.matchAll(VARIABLE)) {
    pattern += `${literal(template.slice(end, index))}(${plus === '+' ? '.+' : '[^/]+'})`;
    end = index + whole.length;
  }
  const found = new RegExp(`^${pattern}${literal(template.slice(end))}$`, 's').exec(uri);
  if (found === null) return undefined;
  try {
    return Object.fromEntries(
      variablesOf(template).map((name, index) => [name, decodeURIComponent(found[index + 1] ?? '')]),
    );
  } catch {
    return undefined;
  }
}

/** The URI of a template with its variables filled in. */
export function uriOf(template: string, variables: Record<string, string>): string {
  return template.replace(VARIABLE, (_, plus: string, name: string) => {
    const encoded = encodeURIComponent(variables[name] ?? '');
    return plus === '+' ? encoded.replaceAll('%2F', '/') : encoded;
  });
}
