/** What it means, and what to do. */
export type Advice = readonly [means: string, repair: string];
