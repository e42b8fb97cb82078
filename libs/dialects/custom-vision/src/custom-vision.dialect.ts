import { CONVENTIONAL_STATUSES, type Dialect } from '@pentaprism/http';
import { BASE, canonicalUrl, isV1, unservedAddress, V1_PREDICTION, V1_TRAINING } from './addresses.js';
import { CustomVisionModule } from './custom-vision.module.js';
import { error as errorV1 } from './v1/models.js';
import { error as errorV3 } from './v3/models.js';
import { codeOf } from './wire/codes.js';
import { answerTypeOf, contentTypeOf } from './wire/negotiation.js';
import { render } from './wire/render.js';

/** Custom Vision: Training v1.2 with Prediction v1.1, and Training v3.0 to v3.4 with Prediction v3.0 and v3.1. */
export const customVisionDialect: Dialect = {
  name: 'custom-vision',
  title: 'Custom Vision Training and Prediction',
  // The first generation has errors of its own.
  basePaths: [`/${BASE}`, `/${V1_TRAINING}`, `/${V1_PREDICTION}`],
  module: CustomVisionModule,
  challenge: 'Training-Key',
  keyHeaders: ['training-key', 'prediction-key', 'ocp-apim-subscription-key'],
  statuses: {
    ...CONVENTIONAL_STATUSES,
    // What the clients know: they take no other statuses for refusals.
    FAILED_PRECONDITION: 400,
    UNDECODABLE_IMAGE: 400,
  },
  errorBody(_status, failure, { path }) {
    const code = codeOf(failure);
    const message = (failure.code === 'NOT_FOUND' && unservedAddress(path)) || failure.message;
    return isV1(path) ? { Code: code, Message: message } : { code, message };
  },
  writeError(body, { path, headers }) {
    const type = answerTypeOf(headers.accept);
    return { type: contentTypeOf(type), text: render(body, isV1(path) ? errorV1 : errorV3, type) };
  },
  canonicalUrl,
};
