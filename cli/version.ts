/** The version of the command, as `vedette --version` and every report say it. */
export { version } from '@vedette/model/version';
