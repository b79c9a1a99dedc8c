// SPDX-License-Identifier: MIT
// Any bytes as a PROXY header: what is taken is taken whole, written again it means the
// same, and no beginning of it was taken or refused before.
#include <string.h>

#include "fuzz.h"

#include "wherry/proto/proxy_header.h"

static bool is_same(const struct proxy_header *a, const struct proxy_header *b)
{
	return a->has_addresses == b->has_addresses &&
	       addr_equal(&a->source, &b->source) &&
	       addr_equal(&a->destination, &b->destination);
}

static void check_again(
	const struct proxy_header *header, const uint8_t *data, size_t length)
{
	struct proxy_header again;
	const char *error = NULL;
	FUZZ_REQUIRE(proxy_header_read(data, length, &again, &error) == PROXY_HEADER_OK);
	FUZZ_REQUIRE(again.length == length);
	FUZZ_REQUIRE(is_same(header, &again));
}

static void check_written(const struct proxy_header *header)
{
	uint8_t out[PROXY_HEADER_WRITE_MAX];
	const struct addr *source = &header->source, *destination = &header->destination;
	check_again(header, out, proxy_header_write_v2(source, destination, NULL, out));
	if (!header->has_addresses || !addr_is_unix(source))
		check_again(header, out, proxy_header_write_v1(source, destination, out));
}

static enum proxy_header_result read_part(
	const uint8_t *data, size_t length, struct proxy_header *ret_header)
{
	const char *error = NULL;
	enum proxy_header_result result =
		proxy_header_read(data, length, ret_header, &error);
	FUZZ_REQUIRE((result == PROXY_HEADER_BAD) == (error != NULL));
	return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proxy_header header = {0}, part;
	enum proxy_header_result result = read_part(data, size, &header);
	size_t end = size;
	if (result == PROXY_HEADER_OK) {
		FUZZ_REQUIRE(header.length > 0 && header.length <= size);
		FUZZ_REQUIRE(header.length <= PROXY_HEADER_MAX);
		end = header.length;
		check_written(&header);
	}
	// A verdict, once there, holds whatever follows.
	enum proxy_header_result before = PROXY_HEADER_MORE;
	for (size_t length = 0; length < end; length++) {
		enum proxy_header_result now = read_part(data, length, &part);
		FUZZ_REQUIRE(now != PROXY_HEADER_OK);
		FUZZ_REQUIRE(before == PROXY_HEADER_MORE || now == before);
		before = now;
	}
	FUZZ_REQUIRE(before == PROXY_HEADER_MORE || result == before);
	FUZZ_REQUIRE(size <= PROXY_HEADER_MAX || result != PROXY_HEADER_MORE);
	return 0;
}
