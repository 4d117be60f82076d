/** A policy's text before the hub has read it: its name, and the text a new one starts with. */

/** The value of `metadata.name`, in block or flow form; null when there is none to be found. */
export function policyNameIn(yaml: string): string | null {
  const flow = /^metadata:\s*\{[^}\n]*\bname:\s*["']?([a-z0-9-]+)/m.exec(yaml);
  if (flow !== null) return flow[1]!;
  const block = /^metadata:\s*(?:#.*)?\n((?:[ \t]+.*\n?|\s*\n)*)/m.exec(yaml);
  return block === null ? null : /^[ \t]+name:\s*["']?([a-z0-9-]+)/m.exec(block[1]!)?.[1] ?? null;
}

export const newPolicyText = `apiVersion: vedette.dev/v1alpha1
kind: Policy
metadata:
  name: my-policy
spec:
  description: Only executables that came with the image may run.
  severity: high
  attack: [T1204.003]
  mode: shadow
  scope:
    containers:
      names: ["*"]
  rules:
    - name: not-from-image
      on: execution
      when: execution.file.origin in ["dropped", "modified", "memory"]
      actions: { run: kill }
`;
