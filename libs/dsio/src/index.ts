/** What the vendor's services, devices and clients write alike, and how they write it: objects of the DSIO APIs. */
export { anyCase } from './any-case.js';
export { dsioImageInfo } from './image-info.js';
