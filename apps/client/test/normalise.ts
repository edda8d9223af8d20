/** What two runs on one server cannot have in common, replaced. */
export function normalise(text: string): string {
  return (
    text
      // Java's names of exceptions are not ours, and the options that it lists below two usages are in --help.
      .replace(/org\.apache\.commons\.cli\.\w+: /g, '')
      .replace(/^ +-[a-z] .*\n?/gm, '')
      .replace(/\b[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d \S+ \d{4}/g, 'DATE')
      .replace(/^ZooKeeper CLI version: .*$/gm, 'VERSION')
      .replace(/(?:^(?:ip|digest): .*\n?)+/gm, (block) => `${block.trimEnd().split('\n').sort().join('\n')}\n`)
      // Apache's tools list the servers of a configuration in the order of a hash table.
      .replace(/[\w.]+:\d+(?:,[\w.]+:\d+)+/g, (hosts) => hosts.split(',').sort().join(','))
      .trim()
  );
}

/** zxids and session ids by the order in which they appear: equal ones must still be equal. */
export function idNamer(): (text: string) => string {
  const seen = new Map<bigint, number>();
  const name = (value: bigint): string => {
    if (value === 0n || value === -1n) return String(value);
    if (!seen.has(value)) seen.set(value, seen.size);
    return `#${seen.get(value) ?? 0}`;
  };
  return (text) =>
    text
      .replace(/0x[0-9a-f]+/g, (hex) => name(BigInt(hex)))
      .replace(/zxid: (-?\d+)/g, (_, decimal: string) => `zxid: ${name(BigInt(decimal))}`);
}
