/** A duration as kubectl writes it (k8s.io/apimachinery/pkg/util/duration.HumanDuration), from ms. */
export function humanDuration(ms: number): string {
  const seconds = Math.trunc(ms / 1000);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.trunc(seconds / 60);
  if (minutes < 10) return both(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.trunc(minutes / 60);
  if (hours < 8) return both(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  if (hours < 192) return both(Math.trunc(hours / 24), 'd', hours % 24, 'h');
  const days = Math.trunc(hours / 24);
  if (days < 730) return `${days}d`;
  const years = Math.trunc(days / 365);
  if (years < 8) return both(years, 'y', days % 365, 'd');
  return `${years}y`;
}

function both(major: number, majorUnit: string, minor: number, minorUnit: string): string {
  return minor === 0 ? `${major}${majorUnit}` : `${major}${majorUnit}${minor}${minorUnit}`;
}

/** How long ago a timestamp was; `<unknown>` without one, as kubectl shows it. */
export function ago(timestamp: string | undefined, now: number): string {
  return timestamp === undefined || timestamp === '' ? '<unknown>' : humanDuration(now - Date.parse(timestamp));
}
