/** The version of all of Systole; `lerna version` keeps package.json, a test keeps this. */
export const VERSION = "0.1.0";
