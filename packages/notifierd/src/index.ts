export { parseNotifierIni } from "./config/notifier-ini.js";
export type { NotifierSettings, SmtpServer, SmtpSettings, TlsMode } from "./config/settings.js";
export { commands } from "./shell/commands.js";
export type { Outcome } from "./shell/outcome.js";
export { openPostOffice, type PostOffice, type PostOfficeParts } from "./shell/post-office.js";
export { deliver } from "./shell/smtp.js";
export { openSpool, type Spool, SpoolError } from "./shell/spool.js";
export type { Delivery, Letter, Recipient } from "./types.js";
