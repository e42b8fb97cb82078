/** Near duplicates among perceptual hashes, and nearest neighbours among embeddings. Both searches are exact. */
export { hashDistance, MAX_RADIUS, parseHashes, type Hashes } from './hashes.js';
export { visitClosePairs } from './close-pairs.js';
export {
  groupNearDuplicates,
  indexesWithNeighbours,
  MIN_SIMILARITY,
  type Confirm,
  type DuplicateGroup,
  type DuplicateMember,
} from './near-duplicates.js';
export { VectorSet, type Neighbour } from './vector-set.js';
