/**
 * How Node.js runs the daemon, wherever it is started: the unit (systemd/heartbeat.service), the background, tests.
 *
 *   --single-threaded-gc    collecting garbage does not wait for threads that are not real-time
 *   --no-lazy               functions are compiled when the program is loaded, not when a takeover first calls them
 *   --no-flush-bytecode     ... and stay: V8 throws away what was not run for five collections
 *
 * The last two cost 4 MB and 50 ms of the start. A standby may have waited for months.
 */
export const NODE_OPTIONS = ["--single-threaded-gc", "--no-lazy", "--no-flush-bytecode"] as const;
