/** Paths as programs name them → absolute ones, by text alone: what the recording does not hold cannot be asked. */

/** The second path seen from the first; one that begins with a slash stands alone. `.` and `..` are taken out, and a slash at the end too. */
export function joinPaths(base: string, path: string): string {
  const whole = path.startsWith('/') ? path : base === '' ? path : `${base.endsWith('/') ? base.slice(0, -1) : base}/${path}`;
  if (isPlain(whole)) return whole;
  const parts: string[] = [];
  for (const part of whole.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  return whole.startsWith('/') ? `/${parts.join('/')}` : parts.join('/');
}

/** Nearly all paths are: no empty part, and none that begins with a dot. */
function isPlain(path: string): boolean {
  if (!path.startsWith('/') || (path.length > 1 && path.endsWith('/'))) return false;
  return !path.includes('//') && !path.includes('/.');
}

export function withSlash(path: string): string {
  return path === '' || path.endsWith('/') ? path : `${path}/`;
}
