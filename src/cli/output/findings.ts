export { briefly, explained } from '../../model/finding-text.ts';
