/** The names of what is in a list, by the name of the list; `Item` where none is given. */
export type ItemNames = Readonly<Record<string, string>>;

/** A model as XML: lists are around their items. */
export function toXml(value: unknown, name = 'Model', items: ItemNames = {}): string {
  const inside = Array.isArray(value)
    ? value.map((each) => toXml(each, items[name] ?? 'Item', items)).join('')
    : typeof value === 'object' && value !== null
      ? Object.entries(value).map(([key, each]) => toXml(each, key, items)).join('') // prettier-ignore
      : escaped(String(value));
  return `<${name}>${inside}</${name}>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** A model as a form in a URL: `Images[0].Name=a`. */
export function toForm(value: unknown, name = ''): string {
  if (typeof value !== 'object' || value === null) return `${name}=${encodeURIComponent(String(value))}`;
  const of = (key: string) => (Array.isArray(value) ? `${name}[${key}]` : name === '' ? key : `${name}.${key}`);
  return Object.entries(value)
    .map(([key, each]) => toForm(each, of(key)))
    .join('&');
}
