/** Patterns as a shell has them: `*` for anything, `?` for one character. */

/** Case does not matter. A pattern without wildcards is the whole text. */
export function matches(pattern: string, text: string): boolean {
  const [p, t] = [pattern.toLowerCase(), text.toLowerCase()];
  let [at, star, resume] = [0, -1, 0];
  for (let i = 0; i < t.length; ) {
    if (p[at] === "*") {
      star = at++;
      resume = i;
    } else if (at < p.length && (p[at] === "?" || p[at] === t[i])) {
      at++;
      i++;
    } else if (star !== -1) {
      at = star + 1;
      i = ++resume;
    } else return false;
  }
  while (p[at] === "*") at++;
  return at === p.length;
}
