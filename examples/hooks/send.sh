#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Sends a webhook with curl, signed as its sender would.
#
#   examples/hooks/send.sh github|standard|forged TEXT [URL]
set -euo pipefail
folder=$(dirname "$(readlink -f "$0")")

quote() {
	local text=${1//\\/\\\\}
	printf '"%s"' "${text//\"/\\\"}"
}

# The key in hexadecimal digits; the text to sign comes in.
sign() {
	openssl dgst -sha256 -mac HMAC -macopt "hexkey:$1" -binary
}

hex() {
	od -An -v -tx1 | tr -d ' \n'
}

post() {
	local url=$1 body=$2
	shift 2
	printf '%s' "$body" | curl -sS -w '%{http_code}\n' "$url" --data-binary @- \
		-H 'Content-Type: application/json' "$@"
}

# X-Hub-Signature-256: the body, keyed with the secret as it is.
send_github() {
	local url=$1/hooks/github key=$2
	local body="{\"ref\":\"refs/heads/main\",\"head_commit\":{\"message\":$3}}"
	post "$url" "$body" -H "X-GitHub-Event: push" \
		-H "X-GitHub-Delivery: $(cat /proc/sys/kernel/random/uuid)" \
		-H "X-Hub-Signature-256: sha256=$(printf '%s' "$body" | sign "$key" | hex)"
}

# webhook-signature: id, time and body, keyed with what the secret decodes to.
send_standard() {
	local url=$1/hooks/standard key=$2 time id
	time=$(date +%s)
	id=msg_$(tr -d - </proc/sys/kernel/random/uuid)
	local body="{\"type\":\"order.paid\",\"data\":{\"text\":$3}}"
	post "$url" "$body" -H "webhook-id: $id" -H "webhook-timestamp: $time" \
		-H "webhook-signature: v1,$(printf '%s' "$id.$time.$body" | sign "$key" | base64)"
}

main() {
	local kind=${1-} text url=${3:-http://127.0.0.1:8080}
	text=$(quote "${2-}")
	case $kind in
	github) send_github "$url" "$(tr -d '\n' <"$folder/github.secret" | hex)" "$text" ;;
	standard) send_standard "$url" "$(sed s/^whsec_// "$folder/standard.secret" | base64 -d | hex)" "$text" ;;
	forged) send_github "$url" "$(head -c 32 /dev/urandom | hex)" "$text" ;;
	*)
		echo "usage: send.sh github|standard|forged TEXT [URL]" >&2
		exit 2
		;;
	esac
}

main "$@"
