/** The HTTP APIs that the gateway speaks; `admin` is Pentaprism's own (keys, health, metrics, documentation). */
export const DIALECTS = ['tensorboard', 'tagged-images', 'custom-vision', 'datarobot', 'filters'] as const;

export type DialectName = (typeof DIALECTS)[number];
