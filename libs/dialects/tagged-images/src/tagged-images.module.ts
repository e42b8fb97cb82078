import { Module } from '@nestjs/common';
import { ImagePages } from './image-pages.js';
import { ImagesController } from './images.controller.js';
import { SearchController } from './search.controller.js';
import { TagsController } from './tags.controller.js';
import { UploadController } from './upload.controller.js';

@Module({
  controllers: [ImagesController, SearchController, TagsController, UploadController],
  providers: [ImagePages],
})
export class TaggedImagesModule {}
