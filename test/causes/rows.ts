import { aftermathRows } from './aftermath-rows.ts';
import { failingRows } from './failing-rows.ts';
import { otherRows } from './other-rows.ts';
import { waitingRows } from './waiting-rows.ts';

export const rows = [...waitingRows, ...failingRows, ...otherRows, ...aftermathRows];
