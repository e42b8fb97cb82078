import { originOf } from '@pentaprism/http';
import type { FastifyRequest } from 'fastify';

/**
 * An absolute URL below the endpoint that the client uses, ending in a slash: it refuses others, and reads ids from the
 * last but one segment.
 */
export function linkTo(request: FastifyRequest, ...segments: readonly string[]): string {
  return `${originOf(request)}/api/v2/${segments.map(encodeURIComponent).join('/')}/`;
}

export const statusLink = (request: FastifyRequest, statusId: string) => linkTo(request, 'status', statusId);

export const datasetLink = (request: FastifyRequest, datasetId: string) => linkTo(request, 'datasets', datasetId);

export const projectLink = (request: FastifyRequest, projectId: string) => linkTo(request, 'projects', projectId);

export const modelLink = (request: FastifyRequest, projectId: string, modelId: string) =>
  linkTo(request, 'projects', projectId, 'models', modelId);

export const predictionDatasetLink = (request: FastifyRequest, projectId: string, datasetId: string) =>
  linkTo(request, 'projects', projectId, 'predictionDatasets', datasetId);

export const predictionsLink = (request: FastifyRequest, projectId: string, predictionId: string) =>
  linkTo(request, 'projects', projectId, 'predictions', predictionId);

/** @param collection `modelJobs` and `predictJobs`: where clients poll the jobs of one kind */
export const jobLink = (
  request: FastifyRequest,
  projectId: string,
  number: number,
  collection: 'jobs' | 'modelJobs' | 'predictJobs' = 'jobs',
) => linkTo(request, 'projects', projectId, collection, String(number));

/** @param column an image column that the model uses */
export const insightLink = (
  request: FastifyRequest,
  { projectId, modelId, column }: { readonly projectId: string; readonly modelId: string; readonly column: string },
  collection: 'imageEmbeddings' | 'imageActivationMaps',
) => {
  const query = new URLSearchParams({ featureName: column }).toString();
  return `${linkTo(request, 'projects', projectId, 'models', modelId, collection)}?${query}`;
};

export const imageFileLink = (request: FastifyRequest, projectId: string, imageId: string) =>
  linkTo(request, 'projects', projectId, 'images', imageId, 'file');

export const listSamplesLink = (request: FastifyRequest, listId: string) =>
  linkTo(request, 'imageAugmentationLists', listId, 'samples');

export const samplesLink = (request: FastifyRequest, samplesId: string) =>
  linkTo(request, 'imageAugmentationSamples', samplesId);
