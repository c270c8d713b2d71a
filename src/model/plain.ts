/**
 * Text from a cluster as it may be shown on a terminal: control characters (C0, DEL, C1), bidirectional overrides
 * and line separators are replaced by one space each run, so that a label can't move the cursor or hide what follows.
 */
export function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g, ' ');
}
