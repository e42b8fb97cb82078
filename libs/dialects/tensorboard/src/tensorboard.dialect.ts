import { CONVENTIONAL_STATUSES, type Dialect } from '@pentaprism/http';
import { canonicalUrl, DATA_BASE, EXPERIMENT_BASE, PAGE_BASE } from './addresses.js';
import { canonicalPageUrl } from './page/page-address.js';
import { statusOfTusError } from './pushing/tus.js';
import { TensorboardModule } from './tensorboard.module.js';

/** The image plugin of TensorBoard 2.21, and its page. */
export const tensorboardDialect: Dialect = {
  name: 'tensorboard',
  title: 'TensorBoard image plugin 2.21',
  basePaths: [`/${DATA_BASE}`, `/${EXPERIMENT_BASE}`, `/${PAGE_BASE}`],
  module: TensorboardModule,
  // Browsers ask for a password after this challenge only, and show a blank page after `Bearer`.
  challenge: 'Basic realm="Pentaprism", charset="UTF-8"',
  // The frontend posts to plugins that are not served, and expects 404.
  roleWithoutRoute: 'reader',
  // The page's wildcard matches the paths of pushing, which take no GET.
  reservesFixedSegments: true,
  statuses: { ...CONVENTIONAL_STATUSES, FAILED_PRECONDITION: 400 },
  statusFor: statusOfTusError,
  errorBody: (_status, { message, details: { errorId } }) => ({ message, ...(errorId ? { errorId } : {}) }),
  writeError: (body) => ({
    type: 'text/plain; charset=utf-8',
    text: (body as { readonly message: string }).message,
  }),
  canonicalUrl: (url) => canonicalUrl(url) ?? canonicalPageUrl(url),
};
