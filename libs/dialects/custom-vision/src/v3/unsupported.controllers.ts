import { Controller, UseInterceptors } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { V3_PREDICTION, V3_TRAINING } from '../addresses.js';
import { AnswerInterceptor, Delete, Get, Post } from '../route.js';
import { refusal } from '../wire/codes.js';

/** @throws DomainError BadRequestOperationNotSupported */
function refuse(): never {
  throw refusal('BadRequestOperationNotSupported', 'This operation is not supported here.');
}

/** Refuses, in the error shape of this API, the operations that clients have and this system does not serve. */
@ApiTags('v3 unsupported')
@UseInterceptors(AnswerInterceptor)
@Controller(`${V3_TRAINING}/projects`)
export class UnsupportedTrainingControllerV3 {
  @Post('import', { id: 'importProject', summary: 'Not supported' })
  importProject(): void {
    refuse();
  }

  @Get(':projectId/export', { id: 'exportProject', summary: 'Not supported', unread: ['projectId'] })
  exportProject(): void {
    refuse();
  }

  @Get(':projectId/artifacts', {
    id: 'getArtifact',
    summary: 'Not supported: URIs are absolute',
    unread: ['projectId'],
  })
  artifact(): void {
    refuse();
  }

  @Post(':projectId/images/regions', {
    id: 'createImageRegions',
    summary: 'Not supported: object detection',
    unread: ['projectId'],
  })
  createRegions(): void {
    refuse();
  }

  @Delete(':projectId/images/regions', {
    id: 'deleteImageRegions',
    summary: 'Not supported: object detection',
    unread: ['projectId'],
  })
  deleteRegions(): void {
    refuse();
  }

  @Post(':projectId/images/:imageId/regionproposals', {
    id: 'getImageRegionProposals',
    summary: 'Not supported: object detection',
    unread: ['projectId', 'imageId'],
  })
  proposals(): void {
    refuse();
  }

  @Post(':projectId/images/suggested', { id: 'querySuggestedImages', summary: 'Not supported', unread: ['projectId'] })
  suggested(): void {
    refuse();
  }

  @Post(':projectId/images/suggested/count', {
    id: 'querySuggestedImageCount',
    summary: 'Not supported',
    unread: ['projectId'],
  })
  countSuggested(): void {
    refuse();
  }

  @Post(':projectId/tagsandregions/suggestions', {
    id: 'suggestTagsAndRegions',
    summary: 'Not supported',
    unread: ['projectId'],
  })
  suggestions(): void {
    refuse();
  }
}

@ApiTags('v3 unsupported')
@UseInterceptors(AnswerInterceptor)
@Controller(`${V3_PREDICTION}/:projectId/detect/iterations/:publishedName`)
export class UnsupportedDetectionControllerV3 {
  @Post('image', {
    id: 'detectImage',
    summary: 'Not supported: object detection',
    unread: ['projectId', 'publishedName'],
    upload: true,
  })
  image(): void {
    refuse();
  }

  @Post('image/nostore', {
    id: 'detectImageWithNoStore',
    role: 'reader',
    summary: 'Not supported: object detection',
    unread: ['projectId', 'publishedName'],
    upload: true,
  })
  imageNoStore(): void {
    refuse();
  }

  @Post('url', {
    id: 'detectImageUrl',
    summary: 'Not supported: object detection',
    unread: ['projectId', 'publishedName'],
  })
  url(): void {
    refuse();
  }

  @Post('url/nostore', {
    id: 'detectImageUrlWithNoStore',
    role: 'reader',
    summary: 'Not supported: object detection',
    unread: ['projectId', 'publishedName'],
  })
  urlNoStore(): void {
    refuse();
  }
}
