#!/usr/bin/env bash
# Writes the kubeconfig that the stack file names: from EKS (CLUSTER, CONTEXT) or from a secret (KUBECONFIG_TEXT).
set -euo pipefail
umask 077
if [ -n "${CLUSTER:-}" ]; then
  aws eks update-kubeconfig --name "$CLUSTER" --alias "${CONTEXT:?}" --kubeconfig "$1" >/dev/null
elif [ -n "${KUBECONFIG_TEXT:-}" ]; then
  printf '%s\n' "$KUBECONFIG_TEXT" >"$1"
else
  echo "error: neither the variable CLUSTER nor the secret KUBECONFIG_TEXT is set in this environment" >&2
  exit 1
fi
