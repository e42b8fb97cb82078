import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { appendFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A log directory of a test. Paths are relative to it. */
export class TestLogDirectory {
  readonly outside = mkdtempSync(path.join(tmpdir(), 'log-directory-'));
  readonly root = path.join(this.outside, 'logs');

  static async create(): Promise<TestLogDirectory> {
    const directory = new TestLogDirectory();
    await mkdir(directory.root);
    return directory;
  }

  at(name: string): string {
    return path.join(this.root, name);
  }

  /** Writes a file, and the directories above it. */
  async write(name: string, content: string | Uint8Array = ''): Promise<void> {
    await mkdir(path.dirname(this.at(name)), { recursive: true });
    await writeFile(this.at(name), content);
  }

  append(name: string, content: string | Uint8Array): Promise<void> {
    return appendFile(this.at(name), content);
  }

  async link(name: string, target: string): Promise<void> {
    await mkdir(path.dirname(this.at(name)), { recursive: true });
    await symlink(target, this.at(name));
  }

  async makePipe(name: string): Promise<void> {
    await mkdir(path.dirname(this.at(name)), { recursive: true });
    execFileSync('mkfifo', [this.at(name)]);
  }

  /** Writes an empty file with a name that is not UTF-8. */
  async writeBytes(directory: string, name: Buffer): Promise<void> {
    await mkdir(this.at(directory), { recursive: true });
    await writeFile(Buffer.concat([Buffer.from(`${this.at(directory)}/`), name]), '');
  }

  remove(): void {
    rmSync(this.outside, { recursive: true, force: true });
  }
}
