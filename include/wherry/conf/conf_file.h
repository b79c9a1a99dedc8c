// SPDX-License-Identifier: MIT
// A file that the configuration names: pure data, as in conf.h.
#pragma once

// conf does not open it: who does, says where it was named when something is wrong with
// it.
struct conf_file {
	const char *path; // relative ones are joined to the configuration's folder; NULL
			  // = none
	const char *named_at; // "wherry.yaml:12:5"
};

// All of them, whatever they are for.
struct conf_file_link {
	struct conf_file file;
	const struct conf_file_link *next;
};
