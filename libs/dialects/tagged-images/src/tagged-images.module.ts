import { Module } from '@nestjs/common';
import { ImagePages } from './image-pages.js';
import { ImagesController } from './images.controller.js';
import { UploadController } from './upload.controller.js';

@Module({ controllers: [ImagesController, UploadController], providers: [ImagePages] })
export class TaggedImagesModule {}
