export { plain } from '../../model/plain.ts';
