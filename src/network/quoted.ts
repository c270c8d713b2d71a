/**
 * YAML whose quoted texts go on in lines that are indented no further than their key, as kubectl's parser (libyaml's
 * heritage) lets pass and YAML 1.2 does not: those lines indented. What a quoted text says does not depend on it.
 */
export function indentQuoted(text: string): string {
  let open: string | undefined;
  return text
    .split('\n')
    .map((line) => {
      const shown = open === undefined ? line : `${' '.repeat(40)}${line}`;
      let rest = line;
      if (open === undefined) {
        const start = /^\s*(?:- )*(?:[^\s'"#][^'"#]*:\s+)?(['"])/.exec(line);
        if (start === null) return shown;
        open = start[1];
        rest = line.slice(start[0].length);
      }
      // What is escaped is no end.
      const bare = open === "'" ? rest.replaceAll("''", '') : rest.replace(/\\./g, '');
      if (bare.includes(open as string)) open = undefined;
      return shown;
    })
    .join('\n');
}
