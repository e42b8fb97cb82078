/** Near duplicates among perceptual hashes, and nearest neighbours among embeddings. */
export { blockSearch } from './block-search.js';
export { candidateCount, CompressedVectorSet } from './compressed-vector-set.js';
export { hashDistance, MAX_RADIUS, parseHashes, type Hashes } from './hashes.js';
export { byNearness, type Neighbour } from './keyed-rows.js';
export { visitClosePairs } from './close-pairs.js';
export {
  groupNearDuplicates,
  indexesWithNeighbours,
  MIN_SIMILARITY,
  type Confirm,
  type DuplicateGroup,
  type DuplicateMember,
} from './near-duplicates.js';
export { ScreenedVectorSet } from './screened-vector-set.js';
export { dotProduct, VectorSet } from './vector-set.js';
