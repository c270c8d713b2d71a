export { parseDuration, shortDuration } from '../model/duration.ts';
