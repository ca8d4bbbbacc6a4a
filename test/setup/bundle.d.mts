/** What bundle.mjs exports, for tests in TypeScript. */
export declare function bundle(name: string, entries: readonly string[]): Promise<readonly string[]>;
