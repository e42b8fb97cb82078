import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';

const versionBody = z
  .object({ major: z.int(), minor: z.int(), versionString: z.string(), releasedVersion: z.string() })
  .meta({ id: 'Version' });

/** What the client of release 3.20 expects: it warns below, and refuses to work with 3 or later. */
const MAJOR = 2;
const MINOR = 49;
const VERSION = `${MAJOR}.${MINOR}.0`;

@ApiTags('connection')
@Controller('api/v2/version')
export class VersionController {
  @Get()
  @ApiOperation({ operationId: 'getVersion', summary: 'The version of the API that is spoken here' })
  @ApiOkResponse({ standardSchema: versionBody })
  get(): z.output<typeof versionBody> {
    return { major: MAJOR, minor: MINOR, versionString: VERSION, releasedVersion: VERSION };
  }
}
