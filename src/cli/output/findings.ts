export { briefly, evidenceText, explained } from '../../model/finding-text.ts';
