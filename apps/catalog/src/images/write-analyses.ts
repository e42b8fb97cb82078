import { Injectable } from '@nestjs/common';
import type { ClientSession } from 'mongoose';
import type { AnalysisWriter, ContentAnalysis } from '../contents/analysis-writer.js';
import { ContentRepository } from '../contents/content.repository.js';
import { ImageCountRepository } from '../projects/image-count.repository.js';
import { ImageRepository } from './image.repository.js';

@Injectable()
export class WriteAnalyses implements AnalysisWriter {
  constructor(
    private readonly contents: ContentRepository,
    private readonly images: ImageRepository,
    private readonly counts: ImageCountRepository,
  ) {}

  async write(workspace: string, analyses: readonly ContentAnalysis[], session: ClientSession): Promise<void> {
    const states = await this.contents.states(workspace, hashesOf(analyses), session);
    const isKnown = ({ sha256 }: ContentAnalysis) => states.get(sha256) === 'decoded';
    // A content that was decoded once is a picture: only its derived pictures can have been made again.
    const written = analyses.filter((each) => each.result.state === 'decoded' || !isKnown(each));
    if (written.length === 0) return;
    await this.contents.setAnalyses(workspace, written, session);
    const news = written.filter((each) => !isKnown(each));
    for (const state of ['decoded', 'undecodable'] as const)
      await this.images.setStates(workspace, hashesOf(news, state), state, session);
    // Lists that were read before do not show the pictures. New ones are something to learn from, those made again are not.
    for (const project of await this.images.projectsOf(workspace, hashesOf(news), session))
      await this.counts.noteAnalysed(workspace, project, session);
    const remade = written.filter(isKnown);
    for (const project of await this.images.projectsOf(workspace, hashesOf(remade), session))
      await this.counts.noteRemade(workspace, project, session);
    // Lists of all images say why one is no picture, and say nothing of the others.
    for (const project of await this.images.projectsOf(workspace, hashesOf(news, 'undecodable'), session))
      await this.counts.note(workspace, project, [], session);
  }
}

function hashesOf(analyses: readonly ContentAnalysis[], state?: ContentAnalysis['result']['state']): string[] {
  return analyses.flatMap(({ sha256, result }) => (state === undefined || result.state === state ? sha256 : []));
}
