import { MAX_TAG_NAME_LENGTH } from '@pentaprism/domain';
import { hash } from 'node:crypto';

/** Characters of the hash that tells apart tag names which were made of different labels. */
const HASH_LENGTH = 8;

/**
 * Returns a legal tag name for each label. `|`, NUL and halves of surrogate pairs are replaced, and long
 * labels are cut. Where the names of several labels
 * would be equal, or a label was cut, the name ends with a short hash of the label.
 */
export function tagNamesOf(labels: readonly string[]): Map<string, string> {
  const names = new Map<string, string>();
  const taken = new Set(labels);
  for (const label of labels) {
    const replaced = label.replace(/[|\0]/g, '_').toWellFormed();
    const legal = replaced.trim() === '' ? '_' : replaced;
    if (legal === label && label.length <= MAX_TAG_NAME_LENGTH) names.set(label, label);
    else {
      const name = legal.length > MAX_TAG_NAME_LENGTH || taken.has(legal) ? withHash(legal, label) : legal;
      taken.add(name);
      names.set(label, name);
    }
  }
  return names;
}

function withHash(name: string, label: string): string {
  // In UTF-8, all halves of surrogate pairs are equal. In JSON, they are escaped.
  const distinct = label.isWellFormed() ? label : JSON.stringify(label);
  const ending = ` #${hash('sha256', distinct).slice(0, HASH_LENGTH)}`;
  // Half of a surrogate pair may be left where the name is cut.
  const cut = name.slice(0, MAX_TAG_NAME_LENGTH - ending.length).replace(/[\ud800-\udbff]$/, '');
  return cut + ending;
}
