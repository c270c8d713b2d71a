import type { Prompt } from '../prompt.ts';

/** Every prompt, in the order of the list. */
export const prompts: readonly Prompt[] = [];
