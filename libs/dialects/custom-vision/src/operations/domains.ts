import { isCompactDomain, MODEL_DOMAINS, type ModelDomain } from '@pentaprism/domain';
import type { Domain } from '../v3/models.js';
import { checkGuid, notFound } from '../wire/ids.js';

/** What models of a domain for export can be made into, as the original calls it. */
export const EXPORT_PLATFORMS = ['ONNX', 'TensorFlow'] as const;

/**
 * The classification domains of the original, by the ids that scripts carry, in the order in which it lists them: those of
 * 2020, and after them what came later. One model stands behind them all.
 */
const DOMAINS: Readonly<Record<ModelDomain, { readonly guid: string; readonly name: string }>> = {
  general: { guid: 'ee85a74c-405e-4adc-bb47-ffa8ca0c9f31', name: 'General' },
  food: { guid: 'c151d5b5-dd07-472a-acc8-15d29dea8518', name: 'Food' },
  landmarks: { guid: 'ca455789-012d-4b50-9fec-5bb63841c793', name: 'Landmarks' },
  retail: { guid: 'b30a91ae-e3c1-4f73-a81e-c270bff27c39', name: 'Retail' },
  adult: { guid: '45badf75-3591-4f26-a705-45678d3e9f5f', name: 'Adult' },
  'general-compact': { guid: '0732100f-1a38-4e49-a514-c9b44c697ab5', name: 'General (compact)' },
  'food-compact': { guid: '8882951b-82cd-4c32-970b-d5f8cb8bf6d7', name: 'Food (compact)' },
  'landmarks-compact': { guid: 'b5cfd229-2ac7-4b2b-8d0a-2b0661344894', name: 'Landmarks (compact)' },
  'retail-compact': { guid: '6b4faeda-8396-481b-9f8b-177b9fa3097f', name: 'Retail (compact)' },
  'general-a1': { guid: 'a8e3c40f-fb4a-466f-832a-5e457ae4a344', name: 'General [A1]' },
  'general-a2': { guid: '2e37d7fb-3a54-486a-b4d6-cfc369af0018', name: 'General [A2]' },
  'general-compact-s1': { guid: 'a1db07ca-a19a-4830-bae8-e004a42dc863', name: 'General (compact) [S1]' },
};

/** Megabytes of an exported model with the default backbone. */
const EXPORTED_MEGABYTES = 10;

export function domainGuid(domain: ModelDomain): string {
  return DOMAINS[domain].guid;
}

export const isExportable = isCompactDomain;

/** @throws DomainError NotFoundDomain */
export function domainOfGuid(guid: string): ModelDomain {
  const domain = MODEL_DOMAINS.find((each) => domainGuid(each) === guid);
  if (domain === undefined) throw notFound('domain');
  return domain;
}

export function listDomains(): Domain[] {
  return MODEL_DOMAINS.map(toDomain);
}

/** @throws DomainError BadRequestInvalidIds, NotFoundDomain */
export function getDomain(id: string): Domain {
  return toDomain(domainOfGuid(checkGuid(id, 'domain')));
}

function toDomain(domain: ModelDomain): Domain {
  const exportable = isExportable(domain);
  return {
    id: domainGuid(domain),
    name: DOMAINS[domain].name,
    type: 'Classification',
    exportable,
    enabled: true,
    exportablePlatforms: exportable ? [...EXPORT_PLATFORMS] : [],
    modelInformation: exportable
      ? {
          estimatedModelSizeInMegabytes: EXPORTED_MEGABYTES,
          description: 'Images of any kind; models can be exported',
        }
      : null,
  };
}
