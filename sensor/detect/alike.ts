/** What many events of a class have in common, by which rules are found (rules/index-by-event.ts): most opens are of a file that was opened before, in the same way. */
import type { FileEvent } from '@vedette/model/event';
import type { Common } from '@vedette/rules/subject';
import type { RuleSubject } from './subject.ts';

const O_ACCMODE = 3;
const O_CREAT = 0o100;
/** Free among the bits that are kept of the flags. */
const executable = 4;

export const opened: Common<RuleSubject> = {
  fields: new Set(['fd.name', 'fd.nameraw', 'fd.type', 'fs.path.name', 'fs.path.nameraw', 'evt.is_open_read', 'evt.is_open_write', 'evt.is_open_create', 'evt.is_open_exec']),
  text: ({ event }) => (event as FileEvent).path,
  number: ({ event }) => {
    const { openFlags, askedFlags, askedMode } = event as FileEvent;
    return (openFlags & O_ACCMODE) | (askedFlags & O_CREAT) | ((askedMode & 0o111) === 0 ? 0 : executable);
  },
};
