/** Printed by `-v` and told on the control socket. */
export const VERSION = "0.1.0";
