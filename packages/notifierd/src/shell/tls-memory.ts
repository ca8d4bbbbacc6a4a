/** Which servers have spoken TLS: one that no longer offers it may have somebody between it and us. */
export class TlsMemory {
  readonly #seen = new Map<string, boolean>();

  /** True once, when a server that had TLS has none. */
  vanished(server: string, tls: boolean): boolean {
    const before = this.#seen.get(server);
    this.#seen.set(server, tls);
    return before === true && !tls;
  }
}
