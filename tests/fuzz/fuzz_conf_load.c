// SPDX-License-Identifier: MIT
// Configurations: any text gives either a configuration or at least one diagnostic, each
// a line with a position.
#include <string.h>

#include "fuzz.h"

#include "wherry/conf/conf_load.h"

static void require_lines(const struct conf_diag *diag)
{
	struct str text = buf_str(&diag->text);
	size_t lines = 0;
	for (size_t i = 0; i < text.length; i++)
		lines += text.data[i] == '\n';
	FUZZ_REQUIRE(lines == diag->count);
	FUZZ_REQUIRE(str_has_prefix(text, STR("fuzz.yaml:")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf_diag diag;
	conf_diag_init(&diag);
	struct conf *conf = conf_load_text(
		"fuzz.yaml", (struct str){(const char *)data, size}, &diag);
	FUZZ_REQUIRE(!conf == (diag.count > 0));
	if (!conf)
		require_lines(&diag);
	conf_unref(conf);
	conf_diag_finish(&diag);
	return 0;
}
