/** Stands where a credential was that is not told. */
export const WITHHELD = '(withheld by ferry)';
