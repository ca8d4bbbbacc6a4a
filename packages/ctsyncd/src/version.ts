/** The version that the programs of this package tell. */
export const VERSION = "0.1.0";
