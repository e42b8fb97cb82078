import { Module } from '@nestjs/common';
import { MongooseModule } from '@nestjs/mongoose';
import {
  TAG_REVISION_MODEL,
  TagRevisionRepository,
  tagRevisionSchema,
} from './adapters/mongo/tag-revision.repository.js';
import { TAG_MODEL, TagRepository, tagSchema } from './adapters/mongo/tag.repository.js';
import { FactsController } from './rpc/facts.controller.js';
import { TagsController } from './rpc/tags.controller.js';
import { ChangeTag } from './usecases/change-tag.usecase.js';
import { CreateTag } from './usecases/create-tag.usecase.js';
import { EnsureTags } from './usecases/ensure-tags.usecase.js';
import { FindTags } from './usecases/find-tags.usecase.js';
import { ForgetProject } from './usecases/forget-project.usecase.js';
import { NewTags } from './usecases/new-tags.js';
import { Projects } from './usecases/projects.js';
import { TagImages } from './usecases/tag-images.usecase.js';
import { TagTables } from './usecases/tag-tables.js';

@Module({
  imports: [
    MongooseModule.forFeature([
      { name: TAG_MODEL, schema: tagSchema },
      { name: TAG_REVISION_MODEL, schema: tagRevisionSchema },
    ]),
  ],
  controllers: [FactsController, TagsController],
  providers: [
    ChangeTag,
    CreateTag,
    EnsureTags,
    FindTags,
    ForgetProject,
    NewTags,
    Projects,
    TagImages,
    TagRepository,
    TagRevisionRepository,
    TagTables,
  ],
})
export class TaggingModule {}
