/** Returns whether two labels are the same value. Numbers are compared by value, and booleans without regard to case. */
export function isSameLabel(one: string, other: string): boolean {
  if (one === other) return true;
  if (isNumber(one) && isNumber(other)) return Number(one) === Number(other);
  return /^(?:true|false)$/i.test(one) && one.toLowerCase() === other.toLowerCase();
}

function isNumber(text: string): boolean {
  return /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/i.test(text);
}
