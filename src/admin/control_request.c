// SPDX-License-Identifier: MIT
// Reads requests; see the header.
#include "wherry/admin/control_request.h"

#include <string.h>

#include <jansson.h>

static enum control_request_result fail(const char *text, const char **reterr_text)
{
	*reterr_text = text;
	return CONTROL_REQUEST_BAD;
}

static size_t count_empty_lines(struct str input)
{
	size_t count = 0;
	while (count < input.length &&
		(input.data[count] == '\n' || input.data[count] == '\r'))
		count++;
	return count;
}

static enum control_request_result parse(
	struct str line, json_t **ret_request, const char **reterr_text)
{
	json_t *root = json_loadb(line.data, line.length, JSON_REJECT_DUPLICATES, NULL);
	if (!root)
		return fail("the line is no JSON object", reterr_text);
	if (json_is_object(root) && json_is_string(json_object_get(root, "verb"))) {
		*ret_request = root;
		return CONTROL_REQUEST_OK;
	}
	json_decref(root);
	return fail("there is no \"verb\" in the request", reterr_text);
}

enum control_request_result control_request_read(struct str input, json_t **ret_request,
	size_t *ret_used, const char **reterr_text)
{
	size_t start = count_empty_lines(input);
	struct str rest = {input.data + start, input.length - start};
	const char *end = rest.length > 0 ? memchr(rest.data, '\n', rest.length) : NULL;
	size_t length = end ? (size_t)(end - rest.data) : rest.length;
	*ret_used = start;
	if (length >= CONTROL_REQUEST_MAX)
		return fail("the request is too long", reterr_text);
	if (!end)
		return CONTROL_REQUEST_MORE;
	*ret_used = start + length + 1;
	return parse((struct str){rest.data, length}, ret_request, reterr_text);
}

const char *control_request_verb(const json_t *request)
{
	return json_string_value(json_object_get(request, "verb"));
}
