/** The version of the command, as `vedette --version` and every report say it. */
export const version = '0.1.0';
