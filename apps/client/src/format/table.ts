/** Columns of text, two spaces apart; nothing behind the last one. Colours do not count as width. */
export function alignLeft(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((text, column) => (widths[column] = Math.max(widths[column] ?? 0, widthOf(text))));
  }
  return rows
    .map((row) =>
      row
        .map((text, column) => text + ' '.repeat((widths[column] as number) - widthOf(text)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function widthOf(text: string): number {
  return text.replaceAll(new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g'), '').length;
}
