/** A logger that keeps its lines for a test to read. */
import type { LogLevel, Logger } from '../../lib/host.js';

export class RecordingLogger implements Logger {
  readonly lines: string[] = [];

  log(_level: LogLevel, text: string): void {
    this.lines.push(text);
  }
}
