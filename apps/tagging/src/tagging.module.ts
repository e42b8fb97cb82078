import { Module } from '@nestjs/common';
import { MongooseModule } from '@nestjs/mongoose';
import { TAG_MODEL, TagRepository, tagSchema } from './adapters/mongo/tag.repository.js';
import { TagsController } from './rpc/tags.controller.js';
import { EnsureTags } from './usecases/ensure-tags.usecase.js';

@Module({
  imports: [MongooseModule.forFeature([{ name: TAG_MODEL, schema: tagSchema }])],
  controllers: [TagsController],
  providers: [EnsureTags, TagRepository],
})
export class TaggingModule {}
