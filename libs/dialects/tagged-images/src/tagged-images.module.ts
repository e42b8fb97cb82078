import { Module } from '@nestjs/common';
import { ImagesController } from './images.controller.js';
import { UploadController } from './upload.controller.js';

@Module({ controllers: [ImagesController, UploadController] })
export class TaggedImagesModule {}
