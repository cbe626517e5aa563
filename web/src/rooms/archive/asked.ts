/** What people type in the search: a birth date in their own writing is told to the node in its own. */

const DAY_FIRST = /^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})$/;

/** `12/03/1960` becomes `1960-03-12`; any other text stays, without spaces around. */
export function asked(text: string): string {
  const trimmed = text.trim();
  const [, day, month, year] = DAY_FIRST.exec(trimmed) ?? [];
  if (day === undefined || month === undefined || year === undefined) return trimmed;
  if (Number(day) < 1 || Number(day) > 31 || Number(month) < 1 || Number(month) > 12) return trimmed;
  return `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`;
}
