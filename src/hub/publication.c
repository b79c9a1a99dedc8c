// SPDX-License-Identifier: MIT
// Publications in one piece of memory each.
#include "publication_priv.h"

#include <stdlib.h>
#include <string.h>

#include "wherry/hub/message.h"

struct publication *publication_create(const struct publication_options *options)
{
	size_t count = options->count;
	struct publication *publication =
		calloc(1, sizeof(*publication) +
				  count * (sizeof(publication->messages[0]) +
						  sizeof(*publication->receipts)) +
				  options->claim.length);
	if (!publication)
		return NULL;
	publication->options = *options;
	publication->options.messages = publication->messages;
	for (size_t i = 0; i < count; i++)
		publication->messages[i] = message_ref(options->messages[i]);
	publication->receipts =
		(struct publication_receipt *)&publication->messages[count];
	char *claim = (char *)&publication->receipts[count];
	if (options->claim.length > 0)
		memcpy(claim, options->claim.data, options->claim.length);
	publication->options.claim.data = claim;
	return publication;
}

void publication_destroy(struct publication *publication)
{
	for (size_t i = 0; i < publication->options.count; i++)
		message_unref(publication->messages[i]);
	free(publication);
}
