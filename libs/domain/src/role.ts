/** What an API key may do, from least to most. */
export const ROLES = ['reader', 'editor', 'owner'] as const;

export type Role = (typeof ROLES)[number];

/** Whether a key with role `held` may do what needs `required`. */
export function roleSuffices(held: Role, required: Role): boolean {
  return ROLES.indexOf(held) >= ROLES.indexOf(required);
}
