/**
 * What becomes of a message that is there whole already: the same courses as one that is still coming, by copies. The
 * simulator's channels use it, and those of package ws.
 */
import type { Course, Parts } from './ports/bulk.ts';
import type { ChannelHandler } from './ports/network.ts';

/** Hands the message to where its course says. */
export function takeCourse(course: Course | null, message: Uint8Array, handler: ChannelHandler): void {
  switch (course?.kind) {
    case undefined:
    case 'gather':
      handler.message(message);
      return;
    case 'forward':
      course.to.send(message);
      course.ended(message.length);
      return;
    case 'scatter': {
      if (course.at > message.length) {
        handler.message(message);
        return;
      }
      let at = course.at;
      let missing = 0;
      for (const place of course.into) {
        const count = Math.min(place.length, message.length - at);
        place.set(message.subarray(at, at + count));
        at += count;
        missing += place.length - count;
      }
      if (at > course.at) course.landed(message.subarray(course.at, at));
      course.ended({ head: message.subarray(0, course.at), tail: message.subarray(at), missing });
      return;
    }
    default:
      course satisfies undefined;
  }
}

/** The message in one piece of its own. */
export function joined({ parts, seal }: Parts): Uint8Array {
  const all = seal === undefined ? parts : [...parts, seal(parts)];
  const whole = new Uint8Array(all.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of all) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
