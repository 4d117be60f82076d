/**
 * `required_plugin_versions`: what this engine supplies itself (container identity) counts as that plugin; a file that
 * needs the events of any other plugin is refused, naming it.
 */
import { compareVersions, versionOf, type Version } from './version.ts';
import { MapReader } from './map-reader.ts';

/** Plugins whose fields this engine supplies on its own, and up to which version of their field names. */
const builtIn: Readonly<Record<string, Version>> = { container: [0, 7, 0] };

export function requirePlugins(reader: MapReader): boolean {
  const node = reader.node('required_plugin_versions');
  reader.finish([]);
  if (node?.kind !== 'list') {
    reader.report('item-invalid', 'required_plugin_versions must be a list of name and version', node?.place);
    return false;
  }
  let met = true;
  for (const item of node.items) {
    if (item.kind !== 'map') {
      reader.report('item-invalid', 'each required plugin is a mapping with name and version', item.place);
      met = false;
      continue;
    }
    const plugin = new MapReader(item, null);
    const wanted = [requirement(plugin)];
    const alternatives = plugin.node('alternatives');
    if (alternatives?.kind === 'list') {
      for (const one of alternatives.items) {
        if (one.kind === 'map') wanted.push(requirement(new MapReader(one, null)));
      }
    }
    plugin.finish([]);
    reader.problems.push(...plugin.problems);
    if (wanted.some((one) => one !== null && isBuiltIn(one.name, one.version))) continue;
    const names = wanted.flatMap((one) => (one === null ? [] : [`${one.name} ${one.version.join('.')}`]));
    reader.report('plugin-missing', `the file requires the plugin ${names.join(' or ') || '(unreadable)'}, which this engine does not have`, item.place);
    met = false;
  }
  return met;
}

function requirement(reader: MapReader): { readonly name: string; readonly version: Version } | null {
  const name = reader.required('name');
  const text = reader.required('version');
  if (name === null || text === null) return null;
  const version = versionOf(text);
  if (version === null) reader.report('item-invalid', `${JSON.stringify(text.slice(0, 40))} is not a version`, reader.placeOf('version'));
  return version === null ? null : { name, version };
}

function isBuiltIn(name: string, wanted: Version): boolean {
  const supplied = Object.hasOwn(builtIn, name) ? builtIn[name] : undefined;
  return supplied !== undefined && compareVersions(wanted, supplied) <= 0;
}
