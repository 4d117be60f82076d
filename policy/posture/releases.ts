/**
 * Until when a minor version of Kubernetes gets patches, as kubernetes.io/releases says. A version that is not in the table is
 * unknown, neither supported nor not: the table ends with what was known when it was written.
 */
const supportedUntil: Readonly<Record<string, string>> = {
  '1.20': '2022-02-28', '1.21': '2022-06-28', '1.22': '2022-10-28', '1.23': '2023-02-28', '1.24': '2023-07-28', '1.25': '2023-10-28', '1.26': '2024-02-28',
  '1.27': '2024-06-28', '1.28': '2024-10-28', '1.29': '2025-02-28', '1.30': '2025-06-28', '1.31': '2025-10-28', '1.32': '2026-02-28', '1.33': '2026-06-28',
  '1.34': '2026-10-27', '1.35': '2027-02-28',
};

export interface Release {
  readonly minor: number;
  /** `1.33`. */
  readonly name: string;
  readonly supportedUntil: string | null;
}

/** `v1.33.2+k3s1` → 1.33. */
export function releaseOf(version: string): Release | null {
  const parts = /^v?1\.(\d{1,3})(?:\.|\+|$)/.exec(version);
  if (parts === null) return null;
  const name = `1.${parts[1]}`;
  const minor = Number(parts[1]);
  return { minor, name, supportedUntil: supportedUntil[name] ?? null };
}
