/** The version that every program of this package tells. */
export const VERSION = "0.1.0";
