/** The fields of an event in the order and by the names in which a person reads them: what came before it first, then all others by name. */
export interface FieldShown {
  readonly name: string;
  readonly label: string;
}

export function fieldsInOrder(names: readonly string[]): readonly FieldShown[] {
  const steps: { readonly name: string; readonly number: number }[] = [];
  const others: string[] = [];
  for (const name of names) {
    const [, digits] = /^vedette\.step\[(\d+)\]$/.exec(name) ?? [];
    if (digits === undefined) others.push(name);
    else steps.push({ name, number: Number(digits) });
  }
  steps.sort((a, b) => a.number - b.number);
  return [
    ...steps.map(({ name, number }) => ({ name, label: steps.length === 1 ? 'Before it' : `Before it, ${number}` })),
    ...others.sort().map((name) => ({ name, label: name === 'vedette.count' ? 'Counted' : name })),
  ];
}
