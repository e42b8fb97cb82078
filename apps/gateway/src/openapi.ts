import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DIALECTS } from './dialects.js';

/** Serves each dialect's OpenAPI document at `/docs/<dialect>/openapi.json`, and a page that shows them at `/docs`. */
export function serveDocumentation(app: NestFastifyApplication, version: string): void {
  const urls = DIALECTS.map(({ name, title, module }) => {
    const info = new DocumentBuilder().setTitle(title).setVersion(version).addBearerAuth().build();
    const path = `docs/${name}/openapi.json`;
    const document = () => SwaggerModule.createDocument(app, info, { include: [module], deepScanRoutes: true });
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
