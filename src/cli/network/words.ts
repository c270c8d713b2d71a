import type { NetworkWords } from '../../propose/network.ts';

/** How somebody at the command line goes on. */
export const words: NetworkWords = {
  resume: 'ferry network apply --resume',
  remove: 'ferry network remove',
  whileMigrating: '--while-migrating',
};
