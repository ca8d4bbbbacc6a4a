/** Programs that heartbeat runs, and programs that may speak to it: `respawn`, `failfast`, `apiauth`. */
import type { Word } from "@systole/config";
import type { ClientAccess, HaCfSurroundings } from "./ha-cf.types.js";
import type { Directive, Reading } from "./ha-cf-values.js";

/** Who may sign on when ha.cf does not say otherwise, as the original has it. */
export const DEFAULT_ACCESS: ReadonlyMap<string, ClientAccess> = new Map([
  ["ipfail", { uids: ["hacluster"], gids: [] }],
  ["ccm", { uids: ["hacluster"], gids: [] }],
  ["ping", { uids: [], gids: ["haclient"] }],
  ["lha-snmpagent", { uids: ["root"], gids: [] }],
  ["anon", { uids: ["root"], gids: ["haclient"] }],
]);

/** `respawn USER COMMAND [ARGUMENT...]`; `failfast` the same. */
export const clientProgram: Directive = {
  takes: "line",
  apply([user, command, ...args], reading) {
    const { draft, complain, around, name } = reading;
    const usage = `${name.text} USER /PATH/OF/PROGRAM [ARGUMENT...]`;
    if (user === undefined)
      return complain("error", "bad-client", name, `${name.text} needs a user and a program`, usage);
    if (!isUserOrNumber(user.text, reading))
      complain("error", "unknown-user", user, `${name.text}: there is no user ${user.text}`);
    if (command === undefined)
      return complain("error", "bad-client", user, `${name.text} needs a program`, usage);
    if (isIpFail(command.text)) {
      draft.ipFail = true;
      return;
    }
    const problem = programProblem(command.text, around.fileKind(command.text));
    if (problem !== undefined)
      complain(problem.severity, "bad-program", command, `${name.text}: ${command.text} ${problem.text}`);
    draft.clients.push({
      user: user.text,
      path: command.text,
      args: args.map(({ text }) => text),
      failfast: name.text === "failfast",
      at: { line: command.line, column: command.column, length: command.length },
    });
  },
};

/** ipfail is built in: the line switches it on, whether the original's program is there or not. */
const isIpFail = (path: string): boolean => /^\/(.*\/)?ipfail$/.test(path);

function programProblem(
  path: string,
  kind: ReturnType<HaCfSurroundings["fileKind"]>,
): { readonly severity: "error" | "warning"; readonly text: string } | undefined {
  if (!path.startsWith("/")) return { severity: "error", text: "is not an absolute path" };
  if (kind === "missing") return { severity: "error", text: "does not exist" };
  // The original only asks whether it may be executed, which is true of a folder.
  if (kind === "directory") return { severity: "warning", text: "is a folder: it will not start" };
  return kind === "program" ? undefined : { severity: "error", text: "is not an executable file" };
}

/** `apiauth CLIENT [uid=A,B] [gid=C,D]`, once for each client. */
export const apiauth: Directive = {
  takes: "line",
  apply([client, ...lists], reading) {
    const { draft, complain, name } = reading;
    const usage = "apiauth CLIENT uid=USER,USER gid=GROUP";
    if (client === undefined || lists.length === 0)
      return complain("error", "bad-apiauth", client ?? name, "apiauth names no user and no group", usage);
    if (draft.clientAccess.has(client.text)) {
      const message = `apiauth for ${client.text} is given twice`;
      complain("error", "given-twice", client, message, "put all users and groups into one line");
    }
    const found = new Map<string, readonly string[]>();
    for (const list of lists) {
      const [, kind, value] = /^(uid|gid)=(.*)$/.exec(list.text) ?? [];
      if (kind === undefined || value === undefined)
        complain("error", "bad-apiauth", list, `apiauth: "${list.text}" is neither uid= nor gid=`, usage);
      else if (found.has(kind)) complain("error", "given-twice", list, `apiauth: ${kind}= is given twice`);
      else found.set(kind, accounts(kind, value, list, reading));
    }
    draft.clientAccess.set(client.text, { uids: found.get("uid") ?? [], gids: found.get("gid") ?? [] });
  },
};

function accounts(kind: string, value: string, at: Word, reading: Reading): readonly string[] {
  const names = value.split(",").filter((name) => name !== "");
  for (const name of names) {
    const known = kind === "uid" ? isUserOrNumber(name, reading) : isGroupOrNumber(name, reading);
    const what = kind === "uid" ? "user" : "group";
    if (!known) reading.complain("error", `unknown-${what}`, at, `apiauth: there is no ${what} ${name}`);
  }
  return names;
}

const NUMBER = /^\d{1,10}$/;
const isUserOrNumber = (name: string, { around }: Reading) => NUMBER.test(name) || around.isUser(name);
const isGroupOrNumber = (name: string, { around }: Reading) => NUMBER.test(name) || around.isGroup(name);
