import { MODEL_DOMAINS, type ModelDomain } from '@pentaprism/domain';
import type { Domain } from '../v3/models.js';
import { checkGuid, notFound } from '../wire/ids.js';

/** What models of a domain for export can be made into, as the original calls it. */
export const EXPORT_PLATFORMS = ['ONNX', 'TensorFlow'] as const;

/** Scripts have these ids in them. */
const IDS: Readonly<Record<ModelDomain, string>> = {
  general: 'ee85a74c-405e-4adc-bb47-ffa8ca0c9f31',
  'general-compact': '0732100f-1a38-4e49-a514-c9b44c697ab5',
};

const NAMES: Readonly<Record<ModelDomain, string>> = {
  general: 'General',
  'general-compact': 'General (compact)',
};

export function domainGuid(domain: ModelDomain): string {
  return IDS[domain];
}

export function isExportable(domain: ModelDomain): boolean {
  return domain === 'general-compact';
}

/** @throws DomainError NotFoundDomain */
export function domainOfGuid(guid: string): ModelDomain {
  const domain = MODEL_DOMAINS.find((each) => IDS[each] === guid);
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
    id: IDS[domain],
    name: NAMES[domain],
    type: 'Classification',
    exportable,
    enabled: true,
    exportablePlatforms: exportable ? [...EXPORT_PLATFORMS] : [],
    modelInformation: {
      estimatedModelSizeInMegabytes: null,
      description: exportable ? 'Images of any kind; models can be exported' : 'Images of any kind',
    },
  };
}
