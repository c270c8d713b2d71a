import { causes } from './causes/index.ts';

/** What a pasted message means. */
export interface Meaning {
  cause: string;
  title: string;
  message: string;
  remedies: string[];
}

/** The causes whose messages a pasted text holds, in the order of the index; none: nobody knows it. */
export function meaningsOf(text: string): Meaning[] {
  return causes.flatMap(({ id, title, texts = [], meaning }) =>
    meaning !== undefined && texts.some((pattern) => pattern.test(text)) ? [{ cause: id, title, ...meaning }] : [],
  );
}
