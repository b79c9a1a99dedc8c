// SPDX-License-Identifier: MIT
#include "wherry/proto/ws_extension.h"

#include <criterion/criterion.h>

#define DEFLATE "permessage-deflate"

static void expect_text(struct str got, const char *want, const char *name)
{
	cr_expect(str_equal(got, str_from(want)), "%s: \"%.*s\"", name, STR_ARG(got));
}

Test(ws_extension, cuts_a_list_into_elements)
{
	struct str list = STR(" ,a;x;y=1 ; z=\"2\" , ,\tb,c ;q = 3\t");
	struct ws_extension extension;
	cr_assert_eq(ws_extension_next(&list, &extension), WS_EXTENSION_OK);
	expect_text(extension.name, "a", "first");
	expect_text(extension.text, "a;x;y=1 ; z=\"2\"", "first");
	cr_assert_eq(ws_extension_next(&list, &extension), WS_EXTENSION_OK);
	expect_text(extension.text, "b", "second");
	expect_text(extension.parameters, "", "second");
	cr_assert_eq(ws_extension_next(&list, &extension), WS_EXTENSION_OK);
	expect_text(extension.text, "c ;q = 3", "third");
	cr_expect_eq(ws_extension_next(&list, &extension), WS_EXTENSION_END);
}

Test(ws_extension, finds_nothing_in_empty_lists)
{
	static const char *const LISTS[] = {"", " ", ",", " , ,\t,"};
	for (size_t i = 0; i < sizeof(LISTS) / sizeof(LISTS[0]); i++) {
		struct str list = str_from(LISTS[i]);
		struct ws_extension extension;
		cr_expect_eq(ws_extension_next(&list, &extension), WS_EXTENSION_END,
			"\"%s\"", LISTS[i]);
	}
	struct str none = {0};
	struct ws_extension extension;
	cr_expect_eq(ws_extension_next(&none, &extension), WS_EXTENSION_END);
}

Test(ws_extension, refuses_bad_syntax)
{
	static const char *const LISTS[] = {
		";",
		"a b",
		"a;",
		"a;;x",
		"a;=1",
		"a;x=",
		"a;x=\"",
		"a;x=\"1",
		"a;x=\"\"",
		"a;x=\"1 2\"",
		"a;x=\"\\1\"",
		"a;x=1 2",
		"a;x=1=2",
		"a/b",
		"\"a\"",
		"a;x=\x80",
	};
	for (size_t i = 0; i < sizeof(LISTS) / sizeof(LISTS[0]); i++) {
		struct str list = str_from(LISTS[i]);
		struct ws_extension extension;
		cr_expect_eq(ws_extension_next(&list, &extension), WS_EXTENSION_BAD,
			"\"%s\"", LISTS[i]);
	}
}

Test(ws_extension, knows_legal_deflate)
{
	static const struct {
		const char *text;
		bool may_offer;
		bool may_answer;
	} ROWS[] = {
		{DEFLATE, true, true},
		{DEFLATE "; server_no_context_takeover", true, true},
		{DEFLATE ";client_no_context_takeover;server_no_context_takeover", true,
			true},
		{DEFLATE "; server_max_window_bits=8", true, true},
		{DEFLATE "; server_max_window_bits=\"15\"", true, true},
		{DEFLATE "; client_max_window_bits=10", true, true},
		{DEFLATE "; client_max_window_bits", true, false},
		{DEFLATE "; server_max_window_bits", false, false},
		{DEFLATE "; server_max_window_bits=7", false, false},
		{DEFLATE "; server_max_window_bits=16", false, false},
		{DEFLATE "; server_max_window_bits=08", false, false},
		{DEFLATE "; server_max_window_bits=1e1", false, false},
		{DEFLATE "; client_max_window_bits=0", false, false},
		{DEFLATE "; server_no_context_takeover=1", false, false},
		{DEFLATE "; client_no_context_takeover=\"1\"", false, false},
		{DEFLATE "; client_max_window_bits=9; client_max_window_bits=9", false,
			false},
		{DEFLATE "; server_no_context_takeover; server_no_context_takeover",
			false, false},
		{DEFLATE "; unknown", false, false},
		{"x-webkit-deflate-frame", false, false},
		{"permessage-deflat", false, false},
		{"permessage-deflate2", false, false},
	};
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		struct str list = str_from(ROWS[i].text);
		struct ws_extension extension;
		cr_assert_eq(ws_extension_next(&list, &extension), WS_EXTENSION_OK, "%s",
			ROWS[i].text);
		cr_expect_eq(ws_extension_is_deflate(&extension, WS_EXTENSION_OFFER),
			ROWS[i].may_offer, "%s", ROWS[i].text);
		cr_expect_eq(ws_extension_is_deflate(&extension, WS_EXTENSION_ANSWER),
			ROWS[i].may_answer, "%s", ROWS[i].text);
	}
}
