/** Major and minor number of a version such as `v1.6.2-dirty` or `1.16.0`; undefined if it isn't one. */
function minorOf(version: string | undefined): { major: number; minor: number } | undefined {
  const match = /^v?(\d+)\.(\d+)/.exec(version ?? '');
  return match === null ? undefined : { major: Number(match[1]), minor: Number(match[2]) };
}

/** Whether a version is at least `major.minor`; undefined where the version is unknown. */
export function atLeast(version: string | undefined, major: number, minor: number): boolean | undefined {
  const found = minorOf(version);
  if (found === undefined) return undefined;
  return found.major > major || (found.major === major && found.minor >= minor);
}
