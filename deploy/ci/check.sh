#!/usr/bin/env bash
# One check in a pipeline: fetches advisories, checks, writes SARIF and JUnit. Everything comes in variables (INPUT_…, VEDETTE_TOKEN):
# nothing of them becomes text of this script. On GitHub the exit code is left to a later step, so that the reports are uploaded first.
set -uo pipefail

command=("$INPUT_VEDETTE")
if [ -d "$INPUT_VEDETTE" ]; then command=("$INPUT_VEDETTE/cli/bin/vedette.mjs"); fi
if ! command -v "${command[0]}" > /dev/null; then
  echo "there is no command ${command[0]}: install Vedette, or give the folder of a checkout" >&2
  if [ -n "${GITHUB_OUTPUT:-}" ]; then echo "code=2" >> "$GITHUB_OUTPUT"; exit 0; fi
  exit 2
fi

arguments=(check "$INPUT_IMAGE" --unknown "${INPUT_UNKNOWN:-fail}")
each() { # option, lines
  local line
  while IFS= read -r line; do
    if [ -n "${line// /}" ]; then arguments+=("$1" "$line"); fi
  done <<< "$2"
}
each --policy "${INPUT_POLICY:-}"
each --exceptions "${INPUT_EXCEPTIONS:-}"
each --key "${INPUT_KEYS:-}"
each --trust "${INPUT_TRUST:-}"
each --registry-config "${INPUT_REGISTRY_CONFIG:-}"
each --platform "${INPUT_PLATFORM:-}"
if [ "${INPUT_PLAIN_HTTP:-false}" = true ]; then arguments+=(--plain-http); fi

state="${VEDETTE_STATE:-${RUNNER_TEMP:-${TMPDIR:-/tmp}}/vedette}"
export VEDETTE_STATE="$state"
case "${INPUT_ADVISORIES:-}" in
  "") ;;
  *.sqlite) arguments+=(--advisories "$INPUT_ADVISORIES") ;;
  *)
    # Feeds that cannot be had are said, and what they would say is then unknown: the check itself decides what that counts as.
    "${command[@]}" advisories sync --from "$INPUT_ADVISORIES" || echo "the advisories could not be fetched: what is vulnerable is unknown" >&2
    ;;
esac

hub=()
if [ -n "${INPUT_HUB:-}" ]; then
  hub=(--hub "$INPUT_HUB")
  if [ "${INPUT_HUB_REQUIRED:-false}" = true ]; then hub+=(--hub-required); fi
fi

if [ -n "${INPUT_SARIF:-}" ]; then arguments+=(--report "sarif=$INPUT_SARIF"); fi
if [ -n "${INPUT_JUNIT:-}" ]; then arguments+=(--report "junit=$INPUT_JUNIT"); fi
"${command[@]}" "${arguments[@]}" "${hub[@]}"
code=$?
if [ -n "${GITHUB_OUTPUT:-}" ]; then
  echo "code=$code" >> "$GITHUB_OUTPUT"
  exit 0
fi
exit "$code"
