import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DIALECTS } from './dialects.js';
import { documentOf } from './openapi-document.js';

/** Serves each dialect's OpenAPI document at `/docs/<dialect>/openapi.json`, and a page that shows them at `/docs`. */
export function serveDocumentation(app: NestFastifyApplication, version: string): void {
  const urls = DIALECTS.map((dialect) => {
    const { name, title } = dialect;
    const path = `docs/${name}/openapi.json`;
    const document = () => documentOf(app, dialect, version);
    SwaggerModule.setup(`docs/${name}`, app, document, { jsonDocumentUrl: path, ui: false, raw: ['json'] });
    return { url: `/${path}`, name: title };
  });
  const overview = new DocumentBuilder().setTitle('Pentaprism').setVersion(version).build();
  SwaggerModule.setup('docs', app, () => SwaggerModule.createDocument(app, overview, { include: [] }), {
    explorer: true,
    raw: false,
    customSiteTitle: 'Pentaprism APIs',
    swaggerOptions: { urls },
  });
}
