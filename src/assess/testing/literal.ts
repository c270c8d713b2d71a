export { literal } from '../../model/testing/literal.ts';
