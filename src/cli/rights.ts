export { missingOf, type Need, needsOf, tellingAllMissing } from '../cluster/rights.ts';
