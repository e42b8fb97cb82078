import { Module } from '@nestjs/common';
import { ImagesController } from './images.controller.js';
import { MediaUploads } from './media-uploads.js';
import { ServiceController } from './service.controller.js';
import { SessionImagesController } from './session-images.controller.js';
import { SessionsController } from './sessions.controller.js';

@Module({
  controllers: [ServiceController, ImagesController, SessionsController, SessionImagesController],
  providers: [MediaUploads],
})
export class FiltersModule {}
