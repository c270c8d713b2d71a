const OPENS = /^( *(?:- )*)[^\s#'"][^#'"]*: +'(?:[^']|'')*$/;

/**
 * YAML whose quoted texts go on in lines that are not indented enough, as the mission's network has it: go-yaml, and so
 * kubectl, takes them; the specification, and the parser used here, does not. How far such a line is indented means
 * nothing (YAML 1.2.2, 7.3.2), so that the text stays the same.
 */
export function withQuotesIndented(text: string): string {
  let inside: string | undefined;
  return text
    .split('\n')
    .map((line) => {
      if (inside === undefined) {
        inside = OPENS.exec(line)?.[1]?.replaceAll('-', ' ');
        return line;
      }
      const indented = `${inside}  ${line.trimStart()}`;
      if (line.replaceAll("''", '').includes("'")) inside = undefined;
      return indented;
    })
    .join('\n');
}
