// SPDX-License-Identifier: MIT
// Subprotocols and the token among them; see the header.
#include "wherry/proto/ws_subprotocol.h"

struct splitting {
	struct str name;
	struct buf *rest;
	struct ws_subprotocol_token *token;
	bool is_token_next;
};

static void note_token(struct splitting *splitting, struct str token)
{
	splitting->token->token = token;
	splitting->token->count++;
}

// "bearer.TOKEN"
static bool has_token(struct str item, struct str name)
{
	return name.length > 0 && item.length > name.length &&
	       str_has_prefix(item, name) && item.data[name.length] == '.';
}

static void take(struct splitting *splitting, struct str item)
{
	struct str name = splitting->name;
	if (splitting->is_token_next) {
		splitting->is_token_next = false;
		note_token(splitting, item);
	} else if (str_equal(item, name)) {
		splitting->is_token_next = true;
		splitting->token->marker = item;
	} else if (has_token(item, name)) {
		note_token(splitting, (struct str){item.data + name.length + 1,
					      item.length - name.length - 1});
	} else if (splitting->rest) {
		if (splitting->rest->length > 0)
			buf_append_str(splitting->rest, STR(", "));
		buf_append_str(splitting->rest, item);
	}
}

void ws_subprotocol_split(const struct http_message *request, struct str name,
	struct buf *rest, struct ws_subprotocol_token *ret_token)
{
	struct splitting splitting = {name, rest, ret_token, false};
	*ret_token = (struct ws_subprotocol_token){0};
	for (size_t i = 0; i < request->field_count; i++) {
		struct str list = request->fields[i].value;
		struct str item;
		if (request->fields[i].id != HTTP_FIELD_SEC_WEBSOCKET_PROTOCOL)
			continue;
		while (str_next_item(&list, &item))
			take(&splitting, item);
	}
}
