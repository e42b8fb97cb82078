import { Module } from '@nestjs/common';
import { MongooseModule } from '@nestjs/mongoose';
import {
  TAG_REVISION_MODEL,
  TagRevisionRepository,
  tagRevisionSchema,
} from './adapters/mongo/tag-revision.repository.js';
import { TAG_MODEL, TagRepository, tagSchema } from './adapters/mongo/tag.repository.js';
import { TagsController } from './rpc/tags.controller.js';
import { ChangeTag } from './usecases/change-tag.usecase.js';
import { EnsureTags } from './usecases/ensure-tags.usecase.js';
import { FindTags } from './usecases/find-tags.usecase.js';
import { Projects } from './usecases/projects.js';
import { TagTables } from './usecases/tag-tables.js';

@Module({
  imports: [
    MongooseModule.forFeature([
      { name: TAG_MODEL, schema: tagSchema },
      { name: TAG_REVISION_MODEL, schema: tagRevisionSchema },
    ]),
  ],
  controllers: [TagsController],
  providers: [ChangeTag, EnsureTags, FindTags, Projects, TagRepository, TagRevisionRepository, TagTables],
})
export class TaggingModule {}
