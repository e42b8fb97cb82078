/** DataRobot's Images API v2 below `/api/v2`; what is served and how is in `http_api.md` beside this library. */
export { datarobotDialect } from './datarobot.dialect.js';
export { POLL_HOLD_MS } from './held-jobs.js';
