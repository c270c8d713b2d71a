/** Seconds for people, two units at most: `45 s`, `6 min 40 s`, `3 h 5 min`, `10 days 4 h`. Infinity: `for ever`. */
export function longDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return 'for ever';
  const whole = Math.round(seconds);
  const units: [number, string][] = [
    [86_400, whole >= 172_800 ? 'days' : 'day'],
    [3600, 'h'],
    [60, 'min'],
    [1, 's'],
  ];
  const first = units.findIndex(([size]) => whole >= size);
  if (first === -1) return '0 s';
  const [size, name] = units[first] as [number, string];
  const count = Math.floor(whole / size);
  const next = units[first + 1];
  const rest = next === undefined ? 0 : Math.floor((whole - count * size) / next[0]);
  return rest === 0 ? `${count} ${name}` : `${count} ${name} ${rest} ${next?.[1]}`;
}

/** 0.345 as `34 %`. */
export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
